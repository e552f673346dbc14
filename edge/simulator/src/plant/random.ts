/**
 * Randomness as a function of where and when, not as a stream: the same seed, channel and instant give the same number
 * whatever was asked before. So a plant's values do not depend on how often they are read.
 */

/** 32 well mixed bits of three integers (the finalizer of MurmurHash3). Channels are small numbers, ticks up to 2^53. */
function mix(seed: number, channel: number, tick: number): number {
  let bits = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(channel + 1, 0xc2b2ae35)
  bits ^= Math.imul(tick >>> 0, 0x27d4eb2f) ^ Math.imul(Math.floor(tick / 2 ** 32) + 1, 0x165667b1)
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return (bits ^ (bits >>> 16)) >>> 0
}

/** Evenly in [0, 1). */
export const uniform = (seed: number, channel: number, tick: number): number => mix(seed, channel, tick) / 2 ** 32

/**
 * A bell of mean 0 and deviation 1 that never leaves +-3.47: the sum of four even numbers (Irwin-Hall). Bounded on
 * purpose: a real transmitter clips too, and a calm plant must stay inside its limits for certain, not almost surely.
 */
export function bell(seed: number, channel: number, tick: number): number {
  const first = mix(seed, channel, tick)
  const second = mix(seed ^ 0x5bd1e995, channel, tick)
  const sum = (first & 0xffff) + (first >>> 16) + (second & 0xffff) + (second >>> 16)
  return (sum / 65_535 - 2) * Math.sqrt(3)
}

/** A smooth walk in [-1, 1] that changes direction about once in `periodMs` (value noise on a lattice). */
export function wander(seed: number, channel: number, timeMs: number, periodMs: number): number {
  const position = timeMs / periodMs
  const cell = Math.floor(position)
  const part = position - cell
  const from = uniform(seed, channel, cell)
  const to = uniform(seed, channel, cell + 1)
  return (from + (to - from) * part * part * (3 - 2 * part)) * 2 - 1
}

/** Numbers in order for what happens one after the other, such as the stops of a line. */
export class Draws {
  readonly #seed: number
  readonly #channel: number
  #drawn = 0

  constructor(seed: number, channel: number) {
    this.#seed = seed
    this.#channel = channel
  }

  /** Evenly in [0, 1). */
  next(): number {
    return uniform(this.#seed, this.#channel, this.#drawn++)
  }

  /** Evenly in [from, to). */
  between(from: number, to: number): number {
    return from + (to - from) * this.next()
  }

  /** One of a list that is not empty. */
  pick<Item>(items: readonly [Item, ...Item[]]): Item {
    return items[Math.floor(this.next() * items.length)] ?? items[0]
  }
}
