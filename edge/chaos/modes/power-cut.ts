import { cpSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { Appliance } from '../appliance.ts'
import { Comparison } from '../compare/comparison.ts'
import { Ledger } from '../publisher/ledger.ts'
import { publisherKinds } from '../publisher/kinds.ts'
import { Draws } from '../random.ts'
import { Tally } from '../report.ts'
import type { Outcome } from '../report.ts'
import { buildShim, noShim, shimEnvironment } from '../shim/build.ts'
import { Disk } from '../shim/disk.ts'
import { readLog } from '../shim/log.ts'
import type { Entry } from '../shim/log.ts'
import type { SubjectOptions } from '../subject/options.ts'
import { pause } from '../until.ts'
import { atCut } from './at-cut.ts'
import { Crowd } from './crowd.ts'
import type { ModeOptions } from './mode.ts'
import { makeOldFolder } from './old-folder.ts'

/** Messages a second of each publisher: a run of two seconds must not use a packet id twice. */
const rateMax = 2_000

/** Cuts of one recorded run, at different instants of it; the next run goes on from what the last of them left. */
const cutsPerRun = 4

/** See kill.ts. */
const keptS = 25

/** A folder has this many runs, then a new one begins: an old store and a new one are both cut often. */
const runsPerFolder = 6

/** A data folder with all that is known of it, from which a run can be recorded. */
interface Base {
  readonly folder: string
  readonly ledgers: readonly Ledger[]
  readonly comparison: Comparison
  /** Since when there is something in it that nobody has looked at. */
  readonly sinceMs: number
}

/** What nobody has looked at yet is kept through the next life: see kill.ts. */
const keptFor = ({ sinceMs }: Base): number => keptS + (2 * (performance.now() - sinceMs)) / 1_000

/**
 * Records every write, sync and acknowledgement of a run, and rebuilds the folder as a power cut at some instant could
 * have left it: what was synced, and of the rest anything. Then the appliance is started on it. What had been acknowledged
 * before the instant must be there.
 */
export async function powerCut(options: ModeOptions): Promise<Outcome> {
  const { runs, seed, folders, say } = options
  if (noShim !== null) throw new Error(`power-cut cannot run here: ${noShim}.`)
  const draws = new Draws(seed)
  const tally = new Tally()
  mkdirSync(folders.root, { recursive: true })
  const shim = buildShim(folders.root)
  let cuts = 0
  let base = newBase(options, draws)
  for (let run = 1; cuts < runs && tally.failures.length === 0; run++) {
    const recording = await record(options, shim, base, draws)
    for (const [index, position] of positions(recording.entries, Math.min(cutsPerRun, runs - cuts), draws).entries()) {
      cuts++
      const folder = folders.new('cut')
      const where = `seed ${seed}, cut ${cuts} of run ${run} behind entry ${position} of ${recording.entries.length}, folder ${folder}`
      const entries = recording.entries.slice(0, position)
      const { ledgers, sessions } = atCut(
        base.ledgers.slice(0, publisherKinds.length),
        recording.crowd.publishers,
        entries,
      )
      const rest = base.ledgers.slice(publisherKinds.length)
      cutFolder(base.folder, recording.folder, entries, folder, draws)
      const comparison = base.comparison.copy()
      const problem = await startAgain(
        {
          dataFolder: folder,
          broken: options.broken,
          keptS: keptFor(base),
        },
        new Crowd({ rateMax, ledgers, sessions }),
      )
      const findings = problem === null ? comparison.look(folder, [...ledgers, ...rest], true) : null
      if (findings !== null) tally.add(findings, where)
      else tally.fail(`${where}: ${problem}`)
      if (tally.failures.length > 0) break
      const isLast = index === cutsPerRun - 1
      if (isLast) {
        folders.remove(base.folder)
        base = { folder, ledgers: [...ledgers, ...rest], comparison, sinceMs: performance.now() }
      } else folders.remove(folder)
    }
    if (tally.failures.length > 0) break
    rmSync(recording.folder, { recursive: true })
    rmSync(recording.logFile)
    say(`${cuts} cuts of ${run} runs, ${recording.entries.length} entries in the last`)
    if (run % runsPerFolder === 0) {
      folders.remove(base.folder)
      base = newBase(options, draws)
    }
  }
  return tally.outcome({ name: 'power-cut', runs: cuts, blows: cuts, seed, note: '' })
}

function newBase({ folders }: ModeOptions, draws: Draws): Base {
  const folder = folders.new('base')
  const sinceMs = performance.now()
  mkdirSync(folder)
  const old = draws.chance(0.3) ? [makeOldFolder(folder)] : []
  return {
    folder,
    ledgers: [...publisherKinds.map((kind) => new Ledger(kind)), ...old],
    comparison: new Comparison(),
    sinceMs,
  }
}

async function record({ folders, broken }: ModeOptions, shim: string, base: Base, draws: Draws) {
  const folder = folders.new('recorded')
  const logFile = `${folder}.log`
  cpSync(base.folder, folder, { recursive: true })
  const appliance = new Appliance(
    { dataFolder: folder, broken, keptS: keptFor(base) },
    shimEnvironment(shim, { folder, log: logFile }),
  )
  const crowd = new Crowd({
    rateMax,
    ledgers: base.ledgers.slice(0, publisherKinds.length).map((ledger) => ledger.copy()),
  })
  try {
    const { port } = await appliance.opened()
    await crowd.connect(port)
    await pause(draws.between(200, 1_200))
  } finally {
    await appliance.kill()
    crowd.disconnect()
  }
  return { folder, logFile, crowd, entries: readLog(readFileSync(logFile)) }
}

/** Where to cut: anywhere, at the start, and right behind what is most easily done in the wrong order. In ascending order. */
function positions(entries: readonly Entry[], count: number, draws: Draws): number[] {
  const connected = Math.max(
    1,
    entries.findIndex(({ kind }) => kind === 'accepted'),
  )
  const tender = entries.flatMap(({ kind }, index) =>
    kind === 'sent' || kind === 'renamed' || kind === 'sync_begun' ? [index + 1] : [],
  )
  return Array.from({ length: count }, () => {
    const kind = draws.next()
    if (kind < 0.15) return draws.whole(0, connected)
    const at = kind < 0.6 ? tender[draws.whole(0, tender.length)] : undefined
    return at ?? draws.whole(connected, entries.length + 1)
  }).sort((left, right) => left - right)
}

function cutFolder(base: string, recorded: string, entries: readonly Entry[], into: string, draws: Draws): void {
  const disk = new Disk(base, recorded, draws.chance(0.5) ? 'strict' : 'journaled')
  for (const entry of entries) disk.apply(entry)
  disk.cut(into, { draws, dropped: draws.pick([0, 0.1, 0.5, 0.9, 1]), torn: draws.pick([0, 0.1, 0.5]) })
}

/** Starts on what the cut left, lets the publishers send again what they had under way, and stops. Returns what went wrong. */
async function startAgain(options: SubjectOptions, crowd: Crowd): Promise<string | null> {
  const appliance = new Appliance(options)
  try {
    const { port } = await appliance.opened()
    if (!(await crowd.connect(port))) return 'the publishers could not connect after the cut'
    if (!(await crowd.settle())) return 'what was sent again after the cut was never acknowledged'
    crowd.disconnect()
    await appliance.stop()
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    crowd.disconnect()
    await appliance.kill()
  }
}
