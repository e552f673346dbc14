import type { WorldOptions } from './options.ts'
import { shrink } from './shrink.ts'
import { runWorld } from './run-world.ts'

/** A world that failed, with no more disturbances than it takes: what happened, what is wrong, and the command that repeats it. */
export function storyOf(seed: number, { bug = null }: WorldOptions, linesMax: number): readonly string[] {
  const without = shrink(seed, { bug })
  const lines: string[] = []
  const { violations, disturbances } = runWorld(seed, { bug, without, trace: (line) => lines.push(line) })
  const left = without.size === 0 ? '' : ` --without ${[...without].join(',')}`
  return [
    ...(lines.length > linesMax ? [`... ${lines.length - linesMax} lines before, see --trace`] : []),
    ...lines.slice(-linesMax),
    '',
    `The world with seed ${seed} went wrong; it takes ${disturbances.length === 0 ? 'no disturbance at all' : disturbances.join(', ')}:`,
    ...violations.slice(0, 20).map((violation) => `  ${violation}`),
    ...(violations.length > 20 ? [`  and ${violations.length - 20} more`] : []),
    '',
    `Repeat it with: npm run simulate -- --worlds 1 --seed ${seed}${bug === null ? '' : ` --bug ${bug}`}${left} --trace`,
  ]
}
