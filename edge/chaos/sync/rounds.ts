import { postgresMissing } from '../../server/src/connectors/mes/testing/postgres-server.ts'
import type { ModeOptions } from '../modes/mode.ts'
import { Draws } from '../random.ts'
import { rules } from '../subject/rules.ts'
import { pause } from '../until.ts'
import { pgliteStore, postgresStore } from './cloud-store.ts'
import type { CloudStore } from './cloud-store.ts'
import { viewCloud } from './cloud-view.ts'
import { compare } from './compare.ts'
import type { SyncFindings } from './compare.ts'
import { blows, lineDisturbances } from './disturbances.ts'
import { endAtRest } from './end-at-rest.ts'
import type { Line } from './line.ts'
import { OwnLine } from './own-line.ts'
import { receiptsProblem } from './receipts.ts'
import { findToxiproxy, ToxiproxyLine } from './toxiproxy.ts'
import { twoHistories, waysToTwoHistories } from './two-histories.ts'
import { World } from './world.ts'

/** Of each publisher: some 3,000 readings a second in all, so that a look reads what came in a second or two. */
const rateMax = 120

/** Rounds between two looks: a look heals everything, and most of what can go wrong takes several blows. */
const roundsPerLook = 5

/** Rounds of a world on each database in turn, then a new one begins: what is compared grows with each. PGlite takes seconds to start. */
const roundsPerWorld = [20, 10] as const

export interface RoundsOutcome {
  /** How often each disturbance came. */
  readonly seen: ReadonlyMap<string, number>
  readonly acknowledged: number
  readonly lost: number
  readonly doubled: number
  readonly drops: number
  readonly failures: readonly string[]
}

/** What has come of all worlds so far. */
interface Found {
  readonly seen: Map<string, number>
  readonly failures: string[]
  acknowledged: number
  lost: number
  doubled: number
  drops: number
}

/**
 * Real programs on both ends of a line that breaks, killed at any instant. When all is healed, both must come to rest by
 * themselves, and everything that a device was promised must be in the cloud once.
 */
export async function playRounds(options: Omit<ModeOptions, 'broken'>): Promise<RoundsOutcome> {
  const found: Found = { seen: new Map(), failures: [], acknowledged: 0, lost: 0, doubled: 0, drops: 0 }
  const lanes: [number[], number[]] = [[], []]
  for (let left = options.runs, turn = 0; left > 0; turn++) {
    const rounds = Math.min(left, roundsPerWorld[turn % 2] ?? left)
    lanes[turn % 2]?.push(rounds)
    left -= rounds
  }
  // Side by side: both wait for their ends to start and to come to rest more than they work.
  await Promise.all(lanes.map((worlds, turn) => playWorlds(turn, worlds, options, found)))
  return found
}

/** @param worlds how many rounds each has, one after the other, all on the database of this turn */
async function playWorlds(
  turn: number,
  worlds: readonly number[],
  { seed, folders, say }: Omit<ModeOptions, 'broken'>,
  found: Found,
): Promise<void> {
  const { seen, failures } = found
  // Of its own: what one database is dealt must not hang on how fast the other one is.
  const draws = new Draws(seed + turn)
  for (const rounds of worlds) {
    if (failures.length > 0) return
    const folder = folders.new('sync')
    let done = 0
    const where = () => `seed ${seed}, round ${done} of turn ${turn}, folder ${folder}`
    let world: World | null = null
    let findings: SyncFindings | null = null
    try {
      world = await openWorld(folder, turn)
      const { name: database } = world.store
      say(`${database}, ${world.line.name}`)
      while (done < rounds && failures.length === 0) {
        for (const name of await playRound(world, draws)) seen.set(name, (seen.get(name) ?? 0) + 1)
        done++
        if (done % roundsPerLook !== 0 && done !== rounds) continue
        findings = await look(world, draws)
        failures.push(...findings.faults.map((fault) => `${where()}: ${fault}`))
        if (done === rounds && failures.length === 0) {
          const name = draws.pick(waysToTwoHistories)
          const parted = await twoHistories(world, name, draws)
          seen.set(name, (seen.get(name) ?? 0) + 1)
          failures.push(...parted.faults.map((fault) => `${where()}, ${name}: ${fault}`))
          say(`${database}: ${name}: told, and settled by new epochs; ${parted.doubled} readings under both`)
        }
        if (done < rounds && failures.length === 0) await Promise.all([world.startCloud(), world.startEdge()])
        say(`${database}: ${done} rounds, ${findings.readings} readings, ${findings.records} records`)
      }
    } catch (error) {
      failures.push(`${where()}: ${error instanceof Error ? error.message : String(error)}`)
    } finally {
      await world?.close()
    }
    if (findings !== null) {
      found.acknowledged += findings.acknowledged
      found.lost += findings.lost
      found.doubled += findings.doubled
      found.drops += findings.drops
    }
    if (failures.length === 0) folders.remove(folder)
  }
}

const toxiproxy = findToxiproxy(process.env)

export const openOwnLine = (targetPort: number): Promise<Line> => OwnLine.open(targetPort)
const openLine = (targetPort: number): Promise<Line> =>
  toxiproxy === null ? openOwnLine(targetPort) : ToxiproxyLine.open(toxiproxy, targetPort)

/** Both databases in turn, where there are both. */
export const newStore = async (folder: string, turn: number): Promise<CloudStore> =>
  turn % 2 === 0 && postgresMissing === null ? postgresStore(`${folder}/cloud`) : pgliteStore(`${folder}/cloud`)

export const openWorld = async (folder: string, turn: number): Promise<World> =>
  World.open({ folder, store: await newStore(folder, turn), openLine, rules, rateMax })

/** Returns what happened. */
async function playRound(world: World, draws: Draws): Promise<readonly string[]> {
  const onLine = draws.pick(lineDisturbances)
  const blow = draws.pick(blows)
  const blowFirst = draws.chance(0.3)
  if (blowFirst) await blow.begin(world, draws)
  await onLine.begin(world.line, draws)
  await pause(draws.between(50, 800))
  if (!blowFirst) await blow.begin(world, draws)
  await pause(draws.between(50, 500))
  // Now and then two rounds' disturbances lie over each other.
  if (draws.chance(0.8)) await world.line.heal()
  await pause(draws.between(50, 500))
  return [onLine.name, blow.name]
}

/** Heals, waits for rest, ends both and compares. */
export async function look(world: World, draws: Draws): Promise<SyncFindings> {
  // As the kill leaves it: what is at rest must not wait for an end in order.
  const edge = await endAtRest(world)
  if (draws.chance(0.5)) await world.killCloud()
  else await world.stopCloud()
  const findings = compare(
    world.crowd.ledgers,
    edge,
    await world.store.look((query) => viewCloud(query, world.edgeId, edge.epoch)),
  )
  const problem = await receiptsProblem(world.edgeFolder)
  if (draws.chance(0.6)) await world.store.copy()
  return problem === null ? findings : { ...findings, faults: [...findings.faults, problem] }
}
