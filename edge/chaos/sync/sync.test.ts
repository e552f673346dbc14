import type { Value } from '@jidoka/domain'
import { afterEach, describe, expect, test } from 'vitest'
import { Folders } from '../folders.ts'
import { Draws } from '../random.ts'
import { pause } from '../until.ts'
import { viewCloud } from './cloud-view.ts'
import { compare, compareTwoHistories } from './compare.ts'
import { viewEdge } from './edge-view.ts'
import { look, openWorld, playRounds } from './rounds.ts'
import { twoHistories, waysToTwoHistories } from './two-histories.ts'
import type { World } from './world.ts'

/*
 * The harness of the line in small, over the real programs: a few rounds, after which everything that was acknowledged must be
 * in the cloud once (I2). Then faults by hand: a database that was set back must be noticed and filled again by the two
 * ends themselves, and rows that go missing behind the program's back must be found by the comparison.
 */
const seed = Number(process.env['JIDOKA_TEST_SEED'] ?? '1')
const timeout = 240_000

let folders = new Folders()
afterEach(() => {
  folders.removeAll()
  folders = new Folders()
})

const compared = async (world: World) => {
  const edge = viewEdge(world.edgeFolder)
  const cloud = await world.store.look((query) => viewCloud(query, world.edgeId, edge.epoch))
  return { edge, cloud, ...compare(world.crowd.ledgers, edge, cloud) }
}

/** Both ends ended, at rest. */
const endBoth = async (world: World) => {
  await world.killEdge()
  await world.stopCloud()
}

const withWorld = async (work: (world: World) => Promise<void>) => {
  const world = await openWorld(folders.new('world'), 0)
  try {
    await work(world)
  } finally {
    await world.close()
  }
}

describe('a line that is broken in every way', { timeout }, () => {
  test('I2: after 4 rounds of cuts, toxics and kills everything that was acknowledged is in the cloud once', async () => {
    const { acknowledged, failures } = await playRounds({ runs: 4, seed, folders, say: () => {} })
    expect(failures).toEqual([])
    expect(acknowledged).toBeGreaterThan(500)
  })

  test('I2: a cloud that is started with a copy of its database from before is filled again', async () => {
    await withWorld(async (world) => {
      await pause(500)
      await world.rest()
      await endBoth(world)
      await world.store.copy()
      const { cloud: before } = await compared(world)
      await world.startCloud()
      await world.startEdge()
      await pause(1_000)
      await world.rest()
      await world.killCloud()
      await world.store.setBack()
      const { edge: ahead } = await compared(world)
      expect(ahead.receipts.find(({ lane }) => lane === 'readings')?.up_to_seq).toBeGreaterThan(
        before.lanes.readings.seq,
      )
      await world.startCloud()
      const findings = await look(world, new Draws(seed))
      expect(findings.faults).toEqual([])
      expect(findings.readings).toBeGreaterThan(before.readingsCount)
    })
  })
})

describe('an appliance with two histories', { timeout: 2 * timeout }, () => {
  test.each(waysToTwoHistories)(
    'S16: %s: the cloud and the appliance hear of it, and nothing of either is missing after new epochs',
    async (way) => {
      await withWorld(async (world) => {
        await pause(500)
        await world.rest()
        await endBoth(world)
        const acknowledged = world.crowd.acknowledgedCount
        expect((await twoHistories(world, way, new Draws(seed))).faults).toEqual([])
        expect(world.crowd.acknowledgedCount).toBeGreaterThan(acknowledged)
        // It would be seen if they were: of one history's readings some stand under the old epoch alone.
        await world.store.look((query) => query('delete from core.reading_segments'))
        const cloud = await world.store.look((query) =>
          viewCloud(query, world.edgeId, viewEdge(world.edgeFolder).epoch),
        )
        const former = { epoch: '', receipted: new Map() }
        const emptied = { cloud, readings: new Map(), former }
        expect(compareTwoHistories(world.crowd.ledgers, new Set(['x']), emptied)).toMatchObject({
          lost: expect.toSatisfy((lost: number) => lost > acknowledged),
          faults: [
            expect.stringContaining('acknowledged readings'),
            expect.stringContaining('judgments of one of two'),
          ],
        })
      })
    },
  )
})

describe('the harness finds', { timeout }, () => {
  test('rows that were deleted from the database of the cloud', async () => {
    await withWorld(async (world) => {
      await pause(1_500)
      await world.rest()
      await endBoth(world)
      expect((await compared(world)).faults).toEqual([])
      await world.store.look((query) =>
        query(
          'delete from core.judgment_executions where execution_id = (select min(execution_id::text)::uuid from core.judgment_executions)',
        ),
      )
      expect((await compared(world)).faults.join('\n')).toMatch(/^1 judgments of the edge are not in the cloud: \S+$/)
      // Of a device that is promised each reading; others publish with QoS 0.
      await world.store.look((query) =>
        query(
          `with promised as (select tag_no from fleet.tags where key = 'LINE-A/CLEAN/counter')
           delete from core.reading_segments where tag_no in (select tag_no from promised)
             and first_seq = (select max(first_seq) from core.reading_segments where tag_no in (select tag_no from promised))`,
        ),
      )
      const { lost, faults } = await compared(world)
      expect(lost).toBeGreaterThan(0)
      expect(faults.join('\n')).toContain('acknowledged readings are not in the cloud')
      expect(faults.join('\n')).toContain('core.sensor_events has')
    })
  })

  test('a row that is there twice, and receipts that nobody has signed', async () => {
    await withWorld(async (world) => {
      await pause(1_000)
      await world.rest()
      await endBoth(world)
      const { edge, cloud } = await compared(world)
      const [first] = edge.receipts
      const forged = {
        ...edge,
        receipts: edge.receipts.map((each) => ({ ...each, received_at_ms: each.received_at_ms + 1 })),
      }
      expect(first).toBeDefined()
      expect(compare(world.crowd.ledgers, forged, cloud).faults.join('\n')).toContain('bad_signature')
      const [key, values] = [...cloud.readings][0] ?? ['', new Map<Value, number>()]
      const [value = ''] = [...values.keys()]
      const doubled = { ...cloud, readings: new Map([...cloud.readings, [key, new Map([...values, [value, 2]])]]) }
      expect(compare(world.crowd.ledgers, edge, doubled)).toMatchObject({ doubled: 1 })
    })
  })
})
