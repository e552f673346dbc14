import { lanes } from '@jidoka/sync-protocol'
import { CrashPlan } from './crash-plan.ts'
import type { EdgeNode } from './edge-node.ts'
import { chaosMs, disturbanceKinds } from './plan.ts'
import type { Disturbance } from './plan.ts'
import { Life } from './life.ts'
import type { World } from './world.ts'

const dayMs = 86_400_000
/** A new disk takes longer to put in than any message can be on its way (SPEC.md, "Not guaranteed"). */
const newDiskMs = 90_000

/** Lets one thing go wrong, now. */
export function disturb(world: World, disturbance: Disturbance): void {
  const { cloud, network, scheduler, tell } = world
  const { kind, strength, forMs, number } = disturbance
  const edge = world.edges[disturbance.edge]
  if (edge === undefined || edge.isEnded) return
  const { edgeId, name, random } = edge.parts
  tell(`[${number}] ${kind}, ${name}${disturbanceKinds[kind].forMsMax > 0 ? `, ${forMs} ms` : ''}`)
  const later = (act: () => void) => scheduler.after(Math.min(forMs, chaosMs - scheduler.nowMs), act)
  switch (kind) {
    case 'edge_crash':
    case 'lost_receipt': {
      const losesReceipt = kind === 'lost_receipt'
      if (strength < 0.3) return edge.crash('out of the blue', { losesReceipt })
      const isAfter = strength * 100 - Math.floor(strength * 100) < 0.5
      edge.crashPlan = new CrashPlan(Math.ceil(strength * 12), { isAfter, losesReceipt })
      return
    }
    case 'new_disk':
      return edge.crash('with its disk', { afterMs: newDiskMs, newLife: () => Life.fresh(world.newEpoch(), random, 1) })
    case 'full_disk':
      edge.fullDiskUntilMs = Math.min(chaosMs, scheduler.nowMs + forMs)
      return
    case 'space': {
      const untilMs = Math.min(chaosMs, scheduler.nowMs + forMs)
      const drop = () => {
        edge.dropForSpace()
        if (scheduler.nowMs + 2_000 < untilMs) scheduler.after(random.between(500, 2_000), drop)
      }
      return drop()
    }
    case 'damage':
      return edge.damageOne()
    case 'clock_jump':
      edge.skewMs += (strength - 0.5) * 800 * dayMs
      return
    case 'old_image': {
      const image = edge.life.image(random)
      return later(() => {
        if (edge.state === null) return
        world.copied.add(edgeId)
        edge.crash('and is put back to an older image', { newLife: () => image })
      })
    }
    case 'copy': {
      const image = edge.life.image(random)
      return later(() => world.addCopy(edge, image, strength < 0.5))
    }
    case 'revocation':
      cloud.edge(edgeId).isRevoked = true
      // The way down is refused first, and tells the way up.
      edge.poke()
      return later(() => {
        cloud.edge(edgeId).isRevoked = false
        if (strength < 0.5) edge.poke()
      })
    case 'key_rotation':
      return cloud.rotateKeys()
    case 'cloud_crash':
    case 'set_back': {
      const setBack = kind === 'set_back'
      if (strength < 0.3) return cloud.crash('out of the blue', setBack)
      cloud.crashAtCommit.push({ after: strength < 0.65, setBack })
      return
    }
    case 'cloud_bug':
      cloud.bugUntilMs = Math.max(cloud.bugUntilMs, Math.min(chaosMs, scheduler.nowMs + forMs))
      return
    case 'long_cloud_bug':
      cloud.bugUntilMs = Math.max(cloud.bugUntilMs, scheduler.nowMs + forMs)
      return
    case 'poison':
      return edge.commitRecord(true)
    case 'courier': {
      if (strength < 0.6) return carry(world, edge, disturbance)
      // Nobody would come if there were a line: it goes quietly, room is short meanwhile, and what has arrived nobody here knows.
      network.disturb({ ...disturbance, kind: 'half_open', forMs: 4_000 }, chaosMs)
      scheduler.after(4_000, () => network.disturb({ ...disturbance, kind: 'cut', forMs }, chaosMs))
      scheduler.after(3_000, () => edge.dropForSpace())
      return scheduler.after(5_000, () => void (edge.isEnded || carry(world, edge, disturbance)))
    }
    case 'held_answers':
      network.disturb(disturbance, chaosMs)
      // Somebody looks whether the line is there, so that there is an answer to be held up.
      return edge.poke()
    case 'poke':
      // Somebody impatient.
      for (let press = 0; press < 10; press++) scheduler.after(press * random.between(700, 1_500), () => edge.poke())
      return
    default:
      return network.disturb(disturbance, chaosMs)
  }
}

/** Somebody takes a file to the cloud, and receipts back. */
function carry({ cloud, scheduler, tell }: World, edge: EdgeNode, { forMs, strength }: Disturbance): void {
  const { edgeId, name, random } = edge.parts
  const { epoch, batches } = edge.exportBatches()
  tell(`${name} writes ${batches.length} batches to a courier's file`)
  // Some files never arrive.
  if (strength < 0.25) return
  const arrive = () => {
    for (const { bytes, place } of batches) cloud.receive(edgeId, bytes, { place })
    tell(`the courier's file of ${name} is imported`)
    const receipts = lanes.flatMap((lane) => cloud.lane(edgeId, epoch, lane).receipts.slice(-1))
    // Which somebody brings back more than once.
    for (let time = 0; time < 3; time++)
      scheduler.after(random.between(0, 10_000), () => {
        for (const receipt of receipts) edge.bringReceipt(receipt)
      })
  }
  // And some are imported twice.
  if (strength > 0.75) scheduler.after(random.between(1_000, 15_000), arrive)
  scheduler.after(Math.max(0, Math.min(forMs, chaosMs - scheduler.nowMs)), arrive)
}
