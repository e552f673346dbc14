import { parseArgs } from 'node:util'
import { plantedBugNames } from './options.ts'
import type { PlantedBug } from './options.ts'

export interface SimulateArguments {
  readonly worlds: number
  readonly seed: number
  readonly bug: PlantedBug | null
  readonly trace: boolean
  /** Play the world with each planted bug in turn, instead of with none. */
  readonly mutants: boolean
  readonly without: ReadonlySet<number>
}

export const usage = `Usage: npm run simulate -- [--worlds N] [--seed S] [--trace] [--without N,N] [--bug NAME] [--mutants]
  --worlds   how many worlds to play, 300 by default; with --mutants at most so many for each bug, 10,000 by default
  --seed     of the first world; a number, or a text (a commit's hash); a random one by default
  --trace    tell the story of each world
  --without  leave out these disturbances, by their number in the story
  --bug      give the simulated shells a bug: ${plantedBugNames.join(', ')}
  --mutants  give them each bug in turn, and tell after how many worlds it was found`

/** @throws Error with a sentence when an argument makes no sense. */
export function readArguments(argv: readonly string[], randomSeed: number): SimulateArguments {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      worlds: { type: 'string' },
      seed: { type: 'string' },
      trace: { type: 'boolean', default: false },
      mutants: { type: 'boolean', default: false },
      without: { type: 'string', default: '' },
      bug: { type: 'string' },
    },
  })
  const { mutants, trace } = values
  const worlds = Number(values.worlds ?? (mutants ? 10_000 : 300))
  if (!Number.isInteger(worlds) || worlds < 1)
    throw new Error(`--worlds takes a number from 1 on, not "${values.worlds}".`)
  const bug = plantedBugNames.find((each) => each === values.bug) ?? null
  if (values.bug !== undefined && bug === null)
    throw new Error(`--bug takes one of ${plantedBugNames.join(', ')}, not "${values.bug}".`)
  if (!/^(\d{1,3}(,\d{1,3})*)?$/.test(values.without))
    throw new Error(`--without takes numbers with commas between them, not "${values.without}".`)
  const without = new Set(values.without === '' ? [] : values.without.split(',').map(Number))
  return {
    worlds,
    seed: values.seed === undefined ? randomSeed : seedFromText(values.seed),
    bug,
    trace,
    mutants,
    without,
  }
}

/** A number as it is; any other text by FNV-1a, so that a commit's hash is a seed. */
export function seedFromText(text: string): number {
  if (/^-?\d{1,9}$/.test(text)) return Number(text)
  let hash = 0x811c9dc5
  for (const character of text) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193)
  return hash >>> 2
}
