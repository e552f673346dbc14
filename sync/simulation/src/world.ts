import { generateEdgeKey, lanes } from '@jidoka/sync-protocol'
import { CloudNode } from './cloud-node.ts'
import { EdgeNode } from './edge-node.ts'
import { checkLane, laneName } from './model.ts'
import { Network } from './network.ts'
import { chaosMs, restMsMax, restMsMin } from './options.ts'
import type { Faults, WorldOptions } from './options.ts'
import { Random } from './random.ts'
import { Scheduler } from './scheduler.ts'

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
}

/** One key for all worlds: making one takes longer than a world, and none is under test here. */
const receiptKey = generateEdgeKey()
const keyId = 'simulation'

/**
 * Plays one world to its end and checks I2 (SPEC.md) in it. The same seed and options give the same story.
 * @param seed any 32-bit integer
 */
export function runWorld(seed: number, options: WorldOptions = {}): WorldReport {
  const { bug = null, trace = null } = options
  const random = new Random(seed)
  const scheduler = new Scheduler()
  const tell =
    trace === null
      ? () => undefined
      : (line: string) => trace(`${(scheduler.nowMs / 1_000).toFixed(3).padStart(9)} s  ${line}`)
  const faults = drawFaults(random)
  const cloud = new CloudNode({
    random,
    scheduler,
    faults,
    signer: { keyId, privateKey: receiptKey.privateKey },
    bug,
    trace: tell,
  })
  const network = new Network(random, scheduler, faults, cloud)
  const edges = Array.from({ length: random.between(1, 3) }, (_, index) => {
    const edgeId = `00000000-0000-7000-8000-00000000${index + 1}000`
    return new EdgeNode({
      name: `edge ${index + 1}`,
      edgeId,
      random,
      scheduler,
      network,
      faults,
      trustList: [{ key_id: keyId, public_key: receiptKey.publicKey }],
      bug,
      trace: tell,
    })
  })
  const violations: string[] = []
  try {
    for (const edge of edges) {
      edge.start()
      produce(edge, random, scheduler)
    }
    disturb(edges, cloud, network, { random, scheduler, faults, tell })
    scheduler.run(chaosMs)
    tell('everything works from here on')
    for (const part of [...edges, network, cloud]) part.calm = true
    rest(edges, cloud, scheduler)
  } catch (error) {
    violations.push(`broken invariant: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  }
  if (violations.length === 0) for (const edge of edges) violations.push(...checkEdge(edge, cloud))
  const stored = edges.flatMap((edge) =>
    edge.lives.flatMap(({ epoch }) => lanes.map((lane) => cloud.lane(edge.edgeId, epoch, lane))),
  )
  return {
    seed,
    violations,
    simulatedMs: scheduler.nowMs,
    rows: stored.reduce((sum, lane) => sum + lane.rows.length, 0),
    messages: network.messages,
    merges: edges.reduce((sum, edge) => sum + edge.merges, 0),
    crashes: cloud.crashes + edges.reduce((sum, edge) => sum + edge.crashes, 0),
    dropped: stored.reduce(
      (sum, lane) => sum + lane.drops.reduce((rows, { fromSeq, toSeq }) => rows + toSeq - fromSeq + 1, 0),
      0,
    ),
    lostTransactions: cloud.lostTransactions,
  }
}

/** Each world is bad in its own way: some faults are absent, so that the others are met alone too. */
function drawFaults(random: Random): Faults {
  const some = (most: number) => (random.chance(0.4) ? 0 : random.next() * most)
  return {
    requestLost: some(0.2),
    answerLost: some(0.2),
    duplicated: some(0.2),
    longDelay: some(0.1),
    busy: some(0.1),
    strangeAnswer: some(0.1),
    edgeCrashAtEffect: some(0.02),
    cloudCrashBeforeCommit: some(0.05),
    cloudCrashAfterCommit: some(0.05),
    partitionEveryMs: random.chance(0.5) ? 0 : random.between(5_000, 30_000),
    spaceDrop: some(0.1),
    damage: some(0.05),
    newDisk: some(0.02),
    cloudLosesTail: random.chance(0.25),
  }
}

function produce(edge: EdgeNode, random: Random, scheduler: Scheduler): void {
  const every = (fromMs: number, toMs: number, act: () => void) => {
    const next = () =>
      scheduler.after(random.between(fromMs, toMs), () => {
        if (scheduler.nowMs > chaosMs) return
        act()
        next()
      })
    next()
  }
  every(200, 4_000, () => edge.commitReadings())
  every(500, 8_000, () => edge.commitRecord())
}

function disturb(
  edges: readonly EdgeNode[],
  cloud: CloudNode,
  network: Network,
  {
    random,
    scheduler,
    faults,
    tell,
  }: { random: Random; scheduler: Scheduler; faults: Faults; tell: (line: string) => void },
): void {
  const turn = () => {
    if (scheduler.nowMs > chaosMs) return
    const edge = random.pick(edges)
    if (random.chance(faults.spaceDrop)) edge.dropForSpace()
    if (random.chance(faults.damage)) edge.damageOne()
    if (random.chance(0.5)) edge.prune()
    if (random.chance(0.5)) edge.merge()
    if (random.chance(faults.edgeCrashAtEffect)) edge.crash('out of the blue')
    if (random.chance(faults.newDisk)) edge.crash('with its disk', true)
    if (random.chance(faults.cloudCrashBeforeCommit)) cloud.crash('out of the blue')
    scheduler.after(random.between(200, 2_000), turn)
  }
  turn()
  if (faults.partitionEveryMs === 0) return
  const partition = () => {
    if (scheduler.nowMs > chaosMs) return
    const durationMs = random.between(500, 25_000)
    const direction = random.pick(['up', 'down', 'both'] as const)
    tell(`the line is cut (${direction}) for ${durationMs} ms`)
    network.cut(durationMs, direction)
    scheduler.after(faults.partitionEveryMs + durationMs, partition)
  }
  scheduler.after(faults.partitionEveryMs, partition)
}

/** Goes on until every check holds, or until there is no hope left. At least one heartbeat of every edge belongs to it. */
function rest(edges: readonly EdgeNode[], cloud: CloudNode, scheduler: Scheduler): void {
  scheduler.run(chaosMs + restMsMin)
  while (scheduler.nowMs < chaosMs + restMsMax && edges.some((edge) => checkEdge(edge, cloud).length > 0))
    scheduler.run(scheduler.nowMs + restMsMin)
}

function checkEdge(edge: EdgeNode, cloud: CloudNode): string[] {
  const mayBePruned = cloud.lostTransactions > 0
  const problems = edge.lives.flatMap((life) =>
    lanes.flatMap((lane) =>
      checkLane(laneName(edge.name, life.epoch, lane), life.truth[lane], cloud.lane(edge.edgeId, life.epoch, lane), {
        complete: life === edge.life,
        mayBePruned,
      }),
    ),
  )
  for (const lane of lanes) {
    const uplink = edge.state?.lanes[lane]
    if (uplink === undefined) problems.push(`${edge.name} is down at the end`)
    else if (uplink.state !== 'idle')
      problems.push(`${edge.name} ${lane} is ${uplink.state} at the end: ${JSON.stringify(uplink.problem)}`)
    else if (edge.life.journal[lane].point.seq !== edge.life.truth[lane].lastSeq)
      problems.push(`${edge.name} ${lane} has no receipt for its last rows`)
  }
  return problems
}
