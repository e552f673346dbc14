import { lanes, protocolVersion } from '@jidoka/sync-protocol'
import { checkWorld } from './check.ts'
import { disturb } from './disturb.ts'
import type { EdgeNode } from './edge-node.ts'
import type { WorldOptions } from './options.ts'
import { lookAfter } from './person.ts'
import { chaosMs, restMsMax, restMsMin, restOfPoisonMsMax } from './plan.ts'
import { World } from './world.ts'

export interface WorldReport {
  readonly seed: number
  /** Empty when every invariant held. */
  readonly violations: readonly string[]
  readonly simulatedMs: number
  readonly rows: number
  readonly messages: number
  readonly crashes: number
  readonly merges: number
  readonly dropped: number
  /** Transactions of the cloud that were lost with it, after it had receipted them. */
  readonly lostTransactions: number
  readonly epochs: number
  /** How many disturbances of each kind there were. */
  readonly disturbances: readonly string[]
}

/**
 * Plays one world to its end and checks the invariants of SPEC.md in it. The same seed and options give the same story.
 * @param seed any 32-bit integer
 */
export function runWorld(seed: number, options: WorldOptions = {}): WorldReport {
  const world = new World(seed, options)
  const { scheduler, cloud, plan, tell } = world
  const disturbances = plan.disturbances.filter(({ number }) => options.without?.has(number) !== true)
  let violations: readonly string[]
  try {
    if (plan.oldCloudUntilMs > 0) {
      cloud.protocol = plan.oldCloudProtocol
      scheduler.after(plan.oldCloudUntilMs, () => {
        cloud.protocol = protocolVersion
        tell('cloud is upgraded')
      })
    }
    for (const each of disturbances) scheduler.after(each.atMs, () => disturb(world, each))
    scheduler.run(chaosMs)
    tell('everything works from here on')
    cloud.crashAtCommit.length = 0
    violations = rest(world)
  } catch (error) {
    violations = [`broken invariant: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`]
  }
  const stored = [...cloud.edges.values()].flatMap(({ epochs }) =>
    [...epochs.values()].flatMap((epoch) => lanes.map((lane) => epoch[lane])),
  )
  const sum = (of: (edge: EdgeNode) => number) => world.edges.reduce((total, edge) => total + of(edge), 0)
  return {
    seed,
    violations,
    simulatedMs: scheduler.nowMs,
    rows: stored.reduce((total, lane) => total + lane.rows.length, 0),
    messages: world.network.messages,
    merges: sum(({ merges }) => merges),
    crashes: cloud.crashes + sum(({ crashes }) => crashes),
    dropped: stored.reduce(
      (total, lane) => total + lane.drops.reduce((rows, { fromSeq, toSeq }) => rows + toSeq - fromSeq + 1, 0),
      0,
    ),
    lostTransactions: cloud.lostTransactions,
    epochs: world.epochs,
    disturbances: disturbances.map(({ kind }) => kind),
  }
}

/** Goes on until every check holds, or until there is no hope left. At least one heartbeat of every edge belongs to it. */
function rest(world: World): readonly string[] {
  const { scheduler } = world
  let untilMs = chaosMs
  let actedMs = chaosMs
  let wasPoisoned = false
  for (;;) {
    scheduler.run((untilMs += restMsMin))
    if (lookAfter(world)) actedMs = scheduler.nowMs
    const problems = checkWorld(world)
    // Also when it has just been set aside: what lay behind it is on its way only now.
    wasPoisoned ||= world.edges.some(({ state }) => lanes.some((lane) => state?.lanes[lane].poison.sinceMs != null))
    const hopeMs = Math.max(actedMs, world.cloud.bugUntilMs) + (wasPoisoned ? restOfPoisonMsMax : restMsMax)
    if (problems.length === 0 || world.violations.length > 0 || untilMs > hopeMs) return problems
  }
}
