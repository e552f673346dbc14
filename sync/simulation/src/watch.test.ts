import { startUplink } from '@jidoka/sync-engine'
import type { UplinkInput } from '@jidoka/sync-engine'
import { encodeRecordsBatch, laneStart } from '@jidoka/sync-protocol'
import type { Receipt } from '@jidoka/sync-protocol'
import { describe, expect, test } from 'vitest'
import { CloudNode } from './cloud-node.ts'
import type { EdgeParts } from './edge-parts.ts'
import { lineOf } from './journal.ts'
import { Life } from './life.ts'
import { Network } from './network.ts'
import { drawPlan } from './plan.ts'
import { Random } from './random.ts'
import { Scheduler } from './scheduler.ts'
import { wrongTaking } from './watch.ts'

const edgeId = '00000000-0000-7000-8000-000000001000'
const epoch = '00000000-0000-7000-8000-0000000e0001'

/** Two copies of one appliance, each with a first record of its own, and the cloud. */
function twoCopies() {
  const random = new Random(1)
  const scheduler = new Scheduler()
  const trace = () => undefined
  const cloud = new CloudNode({ random, scheduler, bug: null, trace })
  const plan = drawPlan(1).edges[0]
  if (plan === undefined) throw new Error('a plan has an edge')
  const shared = { random, scheduler, cloud, network: new Network(random, scheduler, cloud), plan, edgeId, index: 0 }
  const parts: EdgeParts = { ...shared, name: 'copy', newEpoch: () => epoch, bug: null, trace }
  const [own, other] = ['own', 'other'].map((name) => {
    const life = Life.fresh(epoch, random, 1)
    life.appendRecord(0, 'audit', { actor: name, action: 'note', subject: 'press', detail: {} })
    return life
  }) as [Life, Life]
  const send = (life: Life): Receipt => {
    const lines = life.journal.records.items.map(lineOf)
    const header = { edge_id: edgeId, epoch, start_seq: 1, base: laneStart, from_seq: 1 }
    const answer = cloud.receive(edgeId, encodeRecordsBatch(header, lines))
    if (answer.kind !== 'receipt') throw new Error(`the cloud says ${JSON.stringify(answer)}`)
    return answer.receipt
  }
  /** What is said of the copy, which knows of two histories, when it keeps this receipt. */
  const take = (receipt: Receipt) => {
    own.knows.records = { hasReported: false, isTold: true }
    const state = startUplink({ lanes: { records: own.laneStart('records'), readings: own.laneStart('readings') } })
    const news: UplinkInput = { kind: 'receipted', lane: 'records', flight: 0, receipt, judgement: 'verified' }
    return wrongTaking({ kind: 'store_receipt', lane: 'records', receipt }, state, { parts, life: own, news })
  }
  /** The cloud loses its last commits, and comes back. */
  const setBack = () => {
    cloud.crash('for a test', true)
    scheduler.run(60_000)
  }
  return { cloud, own, other, send, take, setBack }
}

describe('S20: a receipt that is kept by a lane that knows of two histories', () => {
  test('is of its own rows, though the cloud has lost them before the answer came and was given those of another', () => {
    const { cloud, own, other, send, take, setBack } = twoCopies()
    const late = send(own)
    setBack()
    send(other)
    expect(cloud.lane(edgeId, epoch, 'records').rows.map(({ text }) => text)).toEqual(other.truth.records.rows)
    expect(take(late)).toEqual([])
  })

  test("is found where it was signed for another's rows, and also when the cloud holds its own by now", () => {
    const { own, other, send, take, setBack } = twoCopies()
    const others = send(other)
    expect(take(others)).toEqual([expect.stringContaining("takes another's rows up to 1")])
    setBack()
    send(own)
    expect(take(others)).toEqual([expect.stringContaining("takes another's rows up to 1")])
  })
})
