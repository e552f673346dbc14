import type { WorldOptions } from './options.ts'
import { drawPlan } from './plan.ts'
import { runWorld } from './run-world.ts'

/**
 * Leaves out of a world that failed as many of its disturbances as it takes to make it fail still (ddmin: Zeller and Hildebrandt, 2002).
 * @returns the numbers that can be left out
 */
export function shrink(seed: number, { bug = null }: WorldOptions): ReadonlySet<number> {
  const all = drawPlan(seed).disturbances.map(({ number }) => number)
  const without = (kept: readonly number[]) => new Set(all.filter((number) => !kept.includes(number)))
  const fails = (kept: readonly number[]) => runWorld(seed, { bug, without: without(kept) }).violations.length > 0
  let kept: readonly number[] = all
  for (let parts = 2; kept.length > 0;) {
    const size = Math.ceil(kept.length / parts)
    const smaller = Array.from({ length: Math.ceil(kept.length / size) }, (_, part) =>
      kept.filter((_number, index) => Math.floor(index / size) !== part),
    ).find(fails)
    if (smaller !== undefined) {
      kept = smaller
      parts = Math.max(2, parts - 1)
    } else if (size === 1) break
    else parts = Math.min(kept.length, parts * 2)
  }
  return without(kept)
}
