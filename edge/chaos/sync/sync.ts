import { postgresMissing } from '../../server/src/connectors/mes/testing/postgres-server.ts'
import type { ModeOptions } from '../modes/mode.ts'
import type { Outcome } from '../report.ts'
import { newStore, openOwnLine, playRounds } from './rounds.ts'
import { urgentDelay } from './urgent.ts'
import type { UrgentDelay } from './urgent.ts'

/** The aim for records made while a backlog drains, on loopback, at the 99th percentile. Printed and not judged: a busy machine is no lost row. */
const urgentMsAim = 1_000

/** The rounds, and how long urgent records wait for a drain. */
export async function sync(options: ModeOptions): Promise<Outcome> {
  const { runs, seed } = options
  const { seen, acknowledged, lost, doubled, drops, failures } = await playRounds(options)
  const urgent = failures.length === 0 ? await measuredUrgent(options) : null
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

async function measuredUrgent({ folders }: ModeOptions): Promise<UrgentDelay> {
  const folder = folders.new('urgent')
  const measured = await urgentDelay(await newStore(folder, 0), openOwnLine, folder)
  folders.remove(folder)
  return measured
}

const describe = ({ p99Ms, records, readings, drainMs }: UrgentDelay): string =>
  `urgent p99 ${p99Ms.toFixed(0)} ms, aim ${urgentMsAim} (${records} records while ${readings.toLocaleString('en')} readings drained in ${(drainMs / 1_000).toFixed(1)} s)`
