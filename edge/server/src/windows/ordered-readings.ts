import { priorityOf } from './reading-priority.ts'
import { Extremes, longer, Moments, Sums, Trend } from './summaries.ts'
import type { Readings, Summary } from './summaries.ts'

/** Entries that are no nodes: that of no readings, and two to add up in. */
const empty = 0
const scratch = 1
const scratchRight = 2
const nodesReserved = 3

export type SummaryKind = 'moments' | 'extremes' | 'trend' | 'sums'

/**
 * Readings in order of time, with figures over any stretch of them in O(log n), however late one comes: a treap whose
 * priorities are hashes of the readings.
 *
 * Such a tree's shape follows from what is in it and not from how it came there, and cutting its ends off gives the tree that
 * the rest would have grown into. So a figure is the same to the last bit whether older readings are still held or not, and
 * whether the tree was filled while they came or from the journal after a start (I3).
 */
export class OrderedReadings implements Readings {
  times = new Float64Array(16)
  values = new Float64Array(16)
  counts = new Int32Array(16)
  /** 1: of uncertain quality. */
  marks = new Uint8Array(16)
  marked = new Int32Array(16)
  readonly moments: Moments | null = null
  readonly extremes: Extremes | null = null
  readonly trend: Trend | null = null
  readonly sums: Sums | null = null
  readonly #summaries: Summary[] = []
  #priorities = new Int32Array(16)
  #left = new Int32Array(16)
  #right = new Int32Array(16)
  #root = empty
  #free = empty
  #used = nodesReserved
  /** The last node in order. */
  #last = empty
  /** Nodes from the root down. Grows with the tree's height, some 2 log2 n. */
  readonly #path: number[] = []

  constructor(kinds: ReadonlySet<SummaryKind>) {
    // In this order: the trend reads means that the moments have not yet overwritten.
    const moments = kinds.has('moments') || kinds.has('trend') ? new Moments(this) : null
    if (kinds.has('trend') && moments !== null) this.#summaries.push((this.trend = new Trend(this, moments)))
    if (moments !== null) this.#summaries.push((this.moments = moments))
    if (kinds.has('extremes')) this.#summaries.push((this.extremes = new Extremes(this)))
    if (kinds.has('sums')) this.#summaries.push((this.sums = new Sums(this)))
  }

  get size(): number {
    return this.counts[this.#root] as number
  }

  /** Puts a reading behind all of its time and of earlier ones. */
  insert(timeMs: number, value: number, isUncertain: boolean): void {
    const node = this.#take(timeMs, value, isUncertain)
    const priority = this.#priorities[node] as number
    const path = this.#path
    path.length = 0
    let at = this.#root
    // Equal priorities: the earlier reading is above, whichever came first.
    while (at !== empty && this.#isAbove(at, timeMs, priority)) {
      path.push(at)
      at = (this.times[at] as number) <= timeMs ? (this.#right[at] as number) : (this.#left[at] as number)
    }
    const parent = path.length === 0 ? empty : (path[path.length - 1] as number)
    if (this.#last === empty || (this.times[this.#last] as number) <= timeMs) {
      // The newest one, as most are: what it displaces is older as a whole.
      this.#left[node] = at
      this.#right[node] = empty
      this.#last = node
    } else this.#split(at, timeMs, node)
    this.#combine(node)
    if (parent === empty) this.#root = node
    else if ((this.times[parent] as number) <= timeMs) this.#right[parent] = node
    else this.#left[parent] = node
    for (let index = path.length - 1; index >= 0; index--) this.#combine(path[index] as number)
  }

  /** Readings on the longest way from the root, for tests: what an insertion costs. */
  height(): number {
    const heightOf = (node: number): number =>
      node === empty ? 0 : 1 + Math.max(heightOf(this.#left[node] as number), heightOf(this.#right[node] as number))
    return heightOf(this.#root)
  }

  /** How many are before this instant. */
  countBefore(timeMs: number): number {
    let count = 0
    let at = this.#root
    while (at !== empty) {
      if ((this.times[at] as number) < timeMs) {
        count += (this.counts[this.#left[at] as number] as number) + 1
        at = this.#right[at] as number
      } else at = this.#left[at] as number
    }
    return count
  }

  /** How many are at this instant or before. */
  countUntil(timeMs: number): number {
    if (this.#last !== empty && (this.times[this.#last] as number) <= timeMs) return this.size
    let count = 0
    let at = this.#root
    while (at !== empty) {
      if ((this.times[at] as number) <= timeMs) {
        count += (this.counts[this.#left[at] as number] as number) + 1
        at = this.#right[at] as number
      } else at = this.#left[at] as number
    }
    return count
  }

  /** The node of a reading by its rank from 0; 0 where there is none. Good until the next change. */
  nodeAt(rank: number): number {
    if (rank === this.size - 1) return this.#last
    let at = this.#root
    let left = rank
    while (at !== empty) {
      const before = this.counts[this.#left[at] as number] as number
      if (left === before) return at
      if (left < before) at = this.#left[at] as number
      else {
        left -= before + 1
        at = this.#right[at] as number
      }
    }
    return empty
  }

  /** Adds up the readings of ranks `from` to `to` (which is not among them): an entry of the summaries, good until the next call. */
  stretch(from: number, to: number): number {
    if (from >= to) return empty
    if (from === 0 && to === this.size) return this.#root
    // The highest node within: what lies beside it on each side is one path.
    let at = this.#root
    let base = 0
    for (;;) {
      const rank = base + (this.counts[this.#left[at] as number] as number)
      if (rank < from) {
        base = rank + 1
        at = this.#right[at] as number
      } else if (rank >= to) at = this.#left[at] as number
      else break
    }
    const rank = base + (this.counts[this.#left[at] as number] as number)
    const left = this.#ending(this.#left[at] as number, rank - from, scratch)
    const right = this.#beginning(this.#right[at] as number, to - rank - 1, scratchRight)
    return this.#combineAt(scratch, left, at, right)
  }

  /** Calls `each` with the nodes from the newest back, those of ranks below `to`, until it answers false or `from` is reached. */
  backwards(from: number, to: number, each: (node: number) => boolean): void {
    const path = this.#path
    path.length = 0
    let at = this.#root
    let skip = this.size - to
    let left = to - from
    // Down to the node of rank to - 1, keeping those that come after it on the way back.
    while (at !== empty) {
      const above = this.counts[this.#right[at] as number] as number
      if (skip > above) {
        skip -= above + 1
        at = this.#left[at] as number
      } else {
        path.push(at)
        if (skip === above) break
        at = this.#right[at] as number
      }
    }
    while (left > 0) {
      const node = path.pop()
      if (node === undefined || !each(node)) return
      left--
      for (let next = this.#left[node] as number; next !== empty; next = this.#right[next] as number) path.push(next)
    }
  }

  /** Forgets the oldest ones. */
  dropOldest(count: number): void {
    if (count <= 0) return
    if (count >= this.size) return this.clear()
    this.#release(this.#cut(count))
  }

  clear(): void {
    this.#root = empty
    this.#last = empty
    this.#free = empty
    this.#used = nodesReserved
  }

  /** Cuts in front of a rank; keeps what is newer and answers the root of the rest. */
  #cut(rank: number): number {
    const path = this.#path
    path.length = 0
    const wentRight: boolean[] = []
    let at = this.#root
    let rest = rank
    while (at !== empty) {
      path.push(at)
      const before = this.counts[this.#left[at] as number] as number
      const isOlder = before < rest
      wentRight.push(isOlder)
      if (isOlder) {
        rest -= before + 1
        at = this.#right[at] as number
      } else at = this.#left[at] as number
    }
    let [older, newer] = [empty, empty]
    for (let index = path.length - 1; index >= 0; index--) {
      const node = path[index] as number
      if (wentRight[index] === true) {
        // What is let go of needs no figures.
        this.#right[node] = older
        older = node
      } else {
        this.#left[node] = newer
        newer = node
        this.#combine(node)
      }
    }
    this.#root = newer
    return older
  }

  /** Splits a subtree: what is at the instant or before becomes the left of `node`, the rest its right. */
  #split(root: number, timeMs: number, node: number): void {
    let [leftHook, rightHook] = [empty, empty]
    this.#left[node] = empty
    this.#right[node] = empty
    const touched: number[] = []
    let at = root
    while (at !== empty) {
      touched.push(at)
      if ((this.times[at] as number) <= timeMs) {
        if (leftHook === empty) this.#left[node] = at
        else this.#right[leftHook] = at
        leftHook = at
        at = this.#right[at] as number
      } else {
        if (rightHook === empty) this.#right[node] = at
        else this.#left[rightHook] = at
        rightHook = at
        at = this.#left[at] as number
      }
    }
    if (leftHook !== empty) this.#right[leftHook] = empty
    if (rightHook !== empty) this.#left[rightHook] = empty
    for (let index = touched.length - 1; index >= 0; index--) this.#combine(touched[index] as number)
  }

  /** The last `count` readings of a subtree. */
  #ending(root: number, count: number, to: number): number {
    if (count <= 0) return empty
    const path = this.#path
    path.length = 0
    let at = root
    let rest = count
    let sum: number = empty
    while (rest > 0) {
      // A whole subtree has its figures already.
      if (rest === (this.counts[at] as number)) {
        sum = at
        break
      }
      const after = this.counts[this.#right[at] as number] as number
      if (rest > after) {
        path.push(at)
        rest -= after + 1
        at = this.#left[at] as number
      } else at = this.#right[at] as number
    }
    for (let index = path.length - 1; index >= 0; index--) {
      const node = path[index] as number
      sum = this.#combineAt(to, sum, node, this.#right[node] as number)
    }
    return sum
  }

  /** The first `count` readings of a subtree. */
  #beginning(root: number, count: number, to: number): number {
    if (count <= 0) return empty
    const path = this.#path
    path.length = 0
    let at = root
    let rest = count
    let sum: number = empty
    while (rest > 0) {
      if (rest === (this.counts[at] as number)) {
        sum = at
        break
      }
      const before = this.counts[this.#left[at] as number] as number
      if (rest > before) {
        path.push(at)
        rest -= before + 1
        at = this.#right[at] as number
      } else at = this.#left[at] as number
    }
    for (let index = path.length - 1; index >= 0; index--) {
      const node = path[index] as number
      sum = this.#combineAt(to, this.#left[node] as number, node, sum)
    }
    return sum
  }

  #isAbove(node: number, timeMs: number, priority: number): boolean {
    const own = this.#priorities[node] as number
    return own > priority || (own === priority && (this.times[node] as number) <= timeMs)
  }

  #combine(node: number): void {
    this.#combineAt(node, this.#left[node] as number, node, this.#right[node] as number)
  }

  #combineAt(to: number, left: number, node: number, right: number): number {
    for (const summary of this.#summaries) summary.combine(to, left, node, right)
    const { counts, marked } = this
    // After the summaries, which weigh by the counts of both sides.
    counts[to] = (counts[left] as number) + 1 + (counts[right] as number)
    marked[to] = (marked[left] as number) + (this.marks[node] as number) + (marked[right] as number)
    return to
  }

  #take(timeMs: number, value: number, isUncertain: boolean): number {
    let node = this.#free
    if (node === empty) {
      if (this.#used === this.times.length) this.#grow(this.times.length * 2)
      node = this.#used++
    } else this.#free = this.#right[node] as number
    this.times[node] = timeMs
    this.values[node] = value
    this.marks[node] = isUncertain ? 1 : 0
    this.#priorities[node] = priorityOf(timeMs, value)
    return node
  }

  #grow(capacity: number): void {
    const whole = (column: Int32Array) => {
      const copy = new Int32Array(capacity)
      copy.set(column)
      return copy
    }
    this.times = longer(this.times, capacity)
    this.values = longer(this.values, capacity)
    this.counts = whole(this.counts)
    this.marked = whole(this.marked)
    this.#priorities = whole(this.#priorities)
    this.#left = whole(this.#left)
    this.#right = whole(this.#right)
    const marks = new Uint8Array(capacity)
    marks.set(this.marks)
    this.marks = marks
    for (const summary of this.#summaries) summary.grow(capacity)
  }

  #release(root: number): void {
    const waiting = [root]
    for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
      if (node === empty) continue
      waiting.push(this.#left[node] as number, this.#right[node] as number)
      this.#right[node] = this.#free
      this.#free = node
    }
  }
}
