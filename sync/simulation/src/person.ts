import { lanes } from '@jidoka/sync-protocol'
import type { EdgeNode } from './edge-node.ts'
import { chaosMs } from './plan.ts'
import type { World } from './world.ts'

/** A copy whose lanes have both halted, and whose report was lost, reports again after five minutes and hears after another five that there are two of it. */
const personLooksAfterMs = 800_000

/**
 * Somebody looks at what stands still: of the copies of an appliance all but one are switched off, and an appliance whose lane has halted over two histories begins a new
 * epoch; one of 1.1 that has halted is upgraded first. Nobody looks at anything else: all the rest must come to rest by itself.
 * @returns whether there was something to do, after which the world needs time to come to rest
 */
export function lookAfter(world: World): boolean {
  // While the cloud can read nothing the copies do not meet in it.
  if (world.scheduler.nowMs < Math.max(chaosMs, world.cloud.bugUntilMs) + personLooksAfterMs) return false
  let hasActed = false
  for (const { original, copy } of world.copies) {
    if (!original.isEnded && !copy.isEnded) checkFlags(world, original, copy)
  }
  for (const edgeId of new Set(world.copies.map(({ copy }) => copy.parts.edgeId))) {
    const alive = world.edges.filter((edge) => edge.parts.edgeId === edgeId && !edge.isEnded)
    const chosen = world.copies.find(({ copy, endsCopy }) => alive.includes(copy) && !endsCopy)?.copy ?? alive[0]
    for (const edge of alive) {
      if (edge === chosen) continue
      edge.end()
      hasActed = true
    }
  }
  for (const edge of world.edges) {
    if (edge.isEnded) continue
    // An appliance of 1.1 does not follow a rotation of keys, and does not begin an epoch that goes on.
    if (edge.isOld && (isHalted(edge) || mistrusts(edge))) {
      edge.upgrade()
      hasActed = true
      continue
    }
    if (!mayHaveTwoHistories(world, edge) || !isHalted(edge)) continue
    const { life } = edge
    const { edgeId, bug } = edge.parts
    const startOf = (lane: (typeof lanes)[number]) => {
      const { point } = life.journal[lane]
      const first = life.startSeqs[lane]
      const isShared = point.seq >= first && world.cloud.agreesWith(edgeId, life.epoch, lane, point)
      return isShared ? point.seq + (bug === 'epoch_skips_a_row' ? 2 : 1) : first
    }
    edge.beginEpoch({ records: startOf('records'), readings: startOf('readings') })
    world.cloud.edge(edgeId).troubles.clear()
    world.tell(`somebody settles the troubles of ${edge.parts.name}`)
    hasActed = true
  }
  return hasActed
}

/** A copy or an image; or a cloud that was set back and led on by what came from before (SPEC.md, "Not guaranteed"). */
const mayHaveTwoHistories = (world: World, { life, parts: { edgeId } }: EdgeNode): boolean =>
  world.copied.has(edgeId) || lanes.some((lane) => world.cloud.lane(edgeId, life.epoch, lane).lostToSeq > 0)

const mistrusts = (edge: EdgeNode): boolean =>
  lanes.some((lane) => edge.state?.lanes[lane].problem?.kind === 'forged_receipt')

const isHalted = (edge: EdgeNode): boolean =>
  lanes.some((lane) => {
    const problem = edge.state?.lanes[lane].problem?.kind
    return problem === 'diverged' || problem === 'cloud_ahead'
  })

/** A lane that waits for its hour over rows that cannot be read has not met the other copy yet. */
const isBlocked = ({ state }: EdgeNode, lane: (typeof lanes)[number]): boolean =>
  state?.lanes[lane].poison.sinceMs != null

/** S16: two copies that have both gone on, and still hold what they differ in, are known to the cloud and to both of them, before anybody has done anything. */
function checkFlags(world: World, original: EdgeNode, copy: EdgeNode): void {
  const { cloud } = world
  const { edgeId } = original.parts
  const { epoch } = copy.life
  const haveParted = lanes.some((lane) => {
    const [ours, theirs] = [original.life.truth[lane], copy.life.truth[lane]]
    const lastSeq = Math.min(ours.lastSeq, theirs.lastSeq)
    if (lastSeq <= cloud.lane(edgeId, epoch, lane).lostToSeq || isBlocked(original, lane) || isBlocked(copy, lane))
      return false
    return (
      lastSeq >= ours.firstSeq &&
      ours.text(lastSeq) !== theirs.text(lastSeq) &&
      !ours.lost.has(lastSeq) &&
      !theirs.lost.has(lastSeq)
    )
  })
  if (!haveParted || original.life.epoch !== epoch || original.state === null || copy.state === null) return
  if (world.isMixed(original.parts)) return
  if ((cloud.edge(edgeId).troubles.get(epoch) ?? []).length === 0)
    world.violations.push(`${copy.parts.name} and its original have parted, and the cloud knows of no trouble`)
  for (const node of [original, copy]) {
    if ((node.state?.troubles.length ?? 0) === 0)
      world.violations.push(`${node.parts.name} does not know that there are two of it`)
  }
}
