import { parseArgs } from 'node:util'
import { plantedBugs } from './options.ts'
import type { PlantedBug } from './options.ts'

export interface SimulateArguments {
  readonly worlds: number
  readonly seed: number
  readonly bug: PlantedBug | null
  readonly trace: boolean
}

export const usage = `Usage: npm run simulate -- [--worlds N] [--seed S] [--trace] [--bug NAME]
  --worlds  how many worlds to play, 300 by default
  --seed    of the first world; a number, or a text (a commit's hash); a random one by default
  --trace   tell the story of each world
  --bug     give the simulated shells a bug: ${plantedBugs.join(', ')}`

/** @throws Error with a sentence when an argument makes no sense. */
export function readArguments(argv: readonly string[], randomSeed: number): SimulateArguments {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      worlds: { type: 'string', default: '300' },
      seed: { type: 'string' },
      trace: { type: 'boolean', default: false },
      bug: { type: 'string' },
    },
  })
  const worlds = Number(values.worlds)
  if (!Number.isInteger(worlds) || worlds < 1)
    throw new Error(`--worlds takes a number from 1 on, not "${values.worlds}".`)
  const bug = plantedBugs.find((each) => each === values.bug) ?? null
  if (values.bug !== undefined && bug === null)
    throw new Error(`--bug takes one of ${plantedBugs.join(', ')}, not "${values.bug}".`)
  return { worlds, seed: values.seed === undefined ? randomSeed : seedFromText(values.seed), bug, trace: values.trace }
}

/** A number as it is; any other text by FNV-1a, so that a commit's hash is a seed. */
export function seedFromText(text: string): number {
  if (/^-?\d{1,9}$/.test(text)) return Number(text)
  let hash = 0x811c9dc5
  for (const character of text) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193)
  return hash >>> 2
}
