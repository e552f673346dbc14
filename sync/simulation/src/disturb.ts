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
      edge.crashIn = {
        effects: Math.ceil(strength * 12),
        after: strength * 100 - Math.floor(strength * 100) < 0.5,
        losesReceipt,
      }
      return
    }
    case 'new_disk':
      return edge.crash('with its disk', { afterMs: newDiskMs, newLife: () => Life.fresh(world.newEpoch(), random, 1) })
    case 'full_disk':
      edge.fullDiskUntilMs = Math.min(chaosMs, scheduler.nowMs + forMs)
      return
    case 'space':
      return edge.dropForSpace()
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
      const { epoch, batches } = edge.exportBatches()
      tell(`${name} writes ${batches.length} batches to a courier's file`)
      // Some files never arrive.
      if (strength < 0.25) return
      const carry = () => {
        for (const bytes of batches) cloud.receive(edgeId, bytes, null, true)
        tell(`the courier's file of ${name} is imported`)
        const receipts = (['records', 'readings'] as const).flatMap((lane) =>
          cloud.lane(edgeId, epoch, lane).receipts.slice(-1),
        )
        // Which somebody brings back more than once.
        for (let time = 0; time < 3; time++)
          scheduler.after(random.between(0, 10_000), () => {
            for (const receipt of receipts) edge.bringReceipt(receipt)
          })
      }
      // And some are imported twice.
      if (strength > 0.75) scheduler.after(random.between(1_000, 15_000), carry)
      return later(carry)
    }
    case 'poke':
      // Somebody impatient.
      for (let press = 0; press < 10; press++) scheduler.after(press * random.between(700, 1_500), () => edge.poke())
      return
    default:
      return network.disturb(disturbance, chaosMs)
  }
}
