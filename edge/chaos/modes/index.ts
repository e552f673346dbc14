import type { Outcome } from '../report.ts'
import { sync } from '../sync/sync.ts'
import { clock } from './clock.ts'
import { diskFull } from './disk-full.ts'
import { flood } from './flood.ts'
import { kill } from './kill.ts'
import type { ModeOptions } from './mode.ts'
import { powerCut } from './power-cut.ts'

export const modeNames = ['kill', 'power-cut', 'disk-full', 'clock', 'flood', 'sync'] as const
export type ModeName = (typeof modeNames)[number]

/** Each way of breaking things, and how often without being told. */
export const modes: Readonly<
  Record<ModeName, { readonly runsUsual: number; readonly run: (options: ModeOptions) => Promise<Outcome> }>
> = {
  kill: { runsUsual: 30, run: kill },
  'power-cut': { runsUsual: 10, run: powerCut },
  'disk-full': { runsUsual: 10, run: diskFull },
  clock: { runsUsual: 5, run: clock },
  flood: { runsUsual: 1, run: flood },
  sync: { runsUsual: 30, run: sync },
}
