interface Task {
  readonly dueMs: number
  readonly order: number
  readonly run: () => void
}

/** Simulated time: tasks run at their instant, those of one instant in the order in which they were set. A binary heap. */
export class Scheduler {
  nowMs = 0
  #order = 0
  readonly #heap: Task[] = []

  after(delayMs: number, run: () => void): void {
    const task = { dueMs: this.nowMs + delayMs, order: this.#order++, run }
    const heap = this.#heap
    let at = heap.push(task) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      const other = heap[parent]
      if (other === undefined || before(other, task)) break
      heap[at] = other
      at = parent
    }
    heap[at] = task
  }

  /** Runs until nothing is left, or time is up. Returns whether nothing is left. */
  run(untilMs: number): boolean {
    for (;;) {
      const [first] = this.#heap
      if (first === undefined) return true
      if (first.dueMs > untilMs) {
        this.nowMs = untilMs
        return false
      }
      this.#removeFirst()
      this.nowMs = first.dueMs
      first.run()
    }
  }

  #removeFirst(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let at = 0
    for (;;) {
      const left = at * 2 + 1
      const right = left + 1
      const leftTask = heap[left]
      if (leftTask === undefined) break
      const rightTask = heap[right]
      const child = rightTask !== undefined && before(rightTask, leftTask) ? right : left
      const childTask = heap[child] as Task
      if (before(last, childTask)) break
      heap[at] = childTask
      at = child
    }
    heap[at] = last
  }
}

const before = (left: Task, right: Task) =>
  left.dueMs < right.dueMs || (left.dueMs === right.dueMs && left.order < right.order)
