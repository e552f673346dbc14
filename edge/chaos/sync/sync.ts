import { postgresMissing } from '../../server/src/connectors/mes/testing/postgres-server.ts'
import type { ModeOptions } from '../modes/mode.ts'
import type { Outcome } from '../report.ts'
import { newStore, openOwnLine, playRounds } from './rounds.ts'
import { urgentDelay } from './urgent.ts'
import type { UrgentDelay } from './urgent.ts'

/** The aim for records made while a backlog drains, on loopback, at the 99th percentile. */
const urgentMsMax = 1_000

/** Another program that has the processor for a second says nothing of ours: the best of so many drains counts. */
const drainsMax = 3

/** The rounds, and how long urgent records wait for a drain. */
export async function sync(options: ModeOptions): Promise<Outcome> {
  const { runs, seed } = options
  const { seen, acknowledged, lost, doubled, drops, failures: inRounds } = await playRounds(options)
  const failures = [...inRounds]
  const urgent = failures.length === 0 ? await measuredUrgent(options) : null
  if (urgent !== null && urgent.p99Ms > urgentMsMax)
    failures.push(`${describe(urgent)} in the best of ${drainsMax} drains; at most ${urgentMsMax} ms are promised`)
  const blows = [...seen.values()].reduce((sum, count) => sum + count, 0)
  const notes = [
    [...seen].map(([name, count]) => `${count} ${name}`).join(', '),
    ...(urgent === null ? [] : [describe(urgent)]),
    ...(postgresMissing === null ? [] : [`PGlite alone: ${postgresMissing}`]),
  ]
  return {
    row: {
      name: 'sync',
      runs,
      blows,
      acknowledged,
      lost,
      doubled,
      gaps: drops,
      verdictsMadeAgain: 0,
      judgedAnew: 0,
      seed,
      note: notes.join('; '),
    },
    failures,
  }
}

async function measuredUrgent({ folders, say }: ModeOptions): Promise<UrgentDelay> {
  let best: UrgentDelay | null = null
  for (let drain = 1; drain <= drainsMax && (best === null || best.p99Ms > urgentMsMax); drain++) {
    const folder = folders.new('urgent')
    const one = await urgentDelay(await newStore(folder, 0), openOwnLine, folder)
    folders.remove(folder)
    say(describe(one))
    if (best === null || one.p99Ms < best.p99Ms) best = one
  }
  if (best === null) throw new RangeError('no drain was measured')
  return best
}

const describe = ({ p99Ms, records, readings, drainMs }: UrgentDelay): string =>
  `urgent p99 ${p99Ms.toFixed(0)} ms (${records} records while ${readings.toLocaleString('en')} readings drained in ${(drainMs / 1_000).toFixed(1)} s)`
