import { desiredFaults } from '../compare/desired-check.ts'
import type { Draws } from '../random.ts'
import { firstDesired } from '../subject/desired.ts'
import type { Desired } from '../subject/desired.ts'

/** Mostly a large change in the place of a large one; now and then a small one, or the many go. */
const manyCounts = [1_000, 1_000, 200, 0] as const

/** What is desired of one folder: the change that it was seen to have as a whole, and those that were asked for since. */
export class DesiredChanges {
  #changes: Desired[] = [firstDesired]

  get last(): Desired {
    return this.#changes.at(-1) ?? firstDesired
  }

  /** Another one is desired from now on. */
  next(draws: Draws): Desired {
    this.#changes.push({ turn: this.last.turn + 1, manyCount: draws.pick(manyCounts) })
    return this.last
  }

  /** What is wrong with the rules of a folder that nobody writes to. @param isWhole the last change has been said to be in force */
  faults(dataFolder: string, isWhole: boolean): string[] {
    if (isWhole) this.#changes = [this.last]
    return desiredFaults(dataFolder, this.#changes)
  }
}
