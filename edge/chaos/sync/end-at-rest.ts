import { lanes } from '@jidoka/sync-protocol'
import { viewEdge } from './edge-view.ts'
import type { EdgeView } from './edge-view.ts'
import type { World } from './world.ts'

/** A rule of the subject judges by the clock, every five seconds: twice in a row it does not come between the last look and the kill. */
const triesMax = 3

/**
 * Kills the appliance at rest. A judgment that was committed between the last look and the kill is in the journal and had no time to leave: the appliance starts and rests again, so
 * that what is held against the cloud is all receipted, and a row that never goes up is still found.
 * @throws when rows without a receipt lie there each time
 */
export async function endAtRest(world: Pick<World, 'rest' | 'killEdge' | 'edgeFolder'>): Promise<EdgeView> {
  for (let tries = 1; ; tries++) {
    await world.rest()
    await world.killEdge()
    const view = viewEdge(world.edgeFolder)
    const waiting = lanesWithoutReceipt(view)
    if (waiting.length === 0) return view
    if (tries === triesMax)
      throw new Error(
        `${triesMax} times the appliance was killed at rest, and rows of ${waiting.join(', ')} had no receipt`,
      )
  }
}

/** Lanes of which the newest receipt is not of the last row. */
export const lanesWithoutReceipt = ({ receipts, lanes: held }: Pick<EdgeView, 'receipts' | 'lanes'>) =>
  lanes.filter((lane) => receipts.find((each) => each.lane === lane)?.up_to_seq !== held[lane].seq)
