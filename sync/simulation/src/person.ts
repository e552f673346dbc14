import { lanes } from '@jidoka/sync-protocol'
import type { EdgeNode } from './edge-node.ts'
import { chaosMs } from './plan.ts'
import type { World } from './world.ts'

/** A copy whose lanes have both halted, and whose report was lost, reports again after five minutes and hears after another five that there are two of it. */
const personMs = chaosMs + 800_000

/**
 * Somebody looks at what stands still: of the copies of an appliance all but one are switched off, and an appliance whose lane has halted over two histories begins a new
 * epoch. Nobody looks at anything else: all the rest must come to rest by itself.
 * @returns whether there was something to do, after which the world needs time to come to rest
 */
export function lookAfter(world: World): boolean {
  if (world.scheduler.nowMs < personMs) return false
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
    if (edge.isEnded || !world.copied.has(edge.parts.edgeId) || !isHalted(edge)) continue
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

const isHalted = (edge: EdgeNode): boolean =>
  lanes.some((lane) => {
    const problem = edge.state?.lanes[lane].problem?.kind
    return problem === 'diverged' || problem === 'cloud_ahead'
  })

/** S16: two copies that have both gone on are known to the cloud and to both of them, before anybody has done anything. */
function checkFlags(world: World, original: EdgeNode, copy: EdgeNode): void {
  const { cloud } = world
  const { edgeId } = original.parts
  const { epoch } = copy.life
  const haveParted = lanes.some((lane) => {
    const [ours, theirs] = [original.life.truth[lane], copy.life.truth[lane]]
    const lastSeq = Math.min(ours.lastSeq, theirs.lastSeq)
    return lastSeq >= ours.firstSeq && ours.text(lastSeq) !== theirs.text(lastSeq)
  })
  if (!haveParted || original.life.epoch !== epoch || original.state === null || copy.state === null) return
  // A lane that waits for its hour over rows that cannot be read has not met the other copy yet.
  if (cloud.bugUntilMs > world.scheduler.nowMs) return
  if ((cloud.edge(edgeId).troubles.get(epoch) ?? []).length === 0)
    world.violations.push(`${copy.parts.name} and its original have parted, and the cloud knows of no trouble`)
  for (const node of [original, copy]) {
    if ((node.state?.troubles.length ?? 0) === 0)
      world.violations.push(`${node.parts.name} does not know that there are two of it`)
  }
}
