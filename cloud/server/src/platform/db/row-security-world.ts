import { courierPieceBytes } from '@jidoka/contract'
import { generateCourierKey, laneStart, protocolVersion, syncPaths } from '@jidoka/sync-protocol'
import { vi } from 'vitest'
import { begin, exchangeKeys, upFile } from '../../testing/courier-files.ts'
import { alarmRecord, judgmentRecord, ruleOf, tagRecord, verdictRunRecord } from '../../testing/world.ts'
import type { TestEdge, World } from '../../testing/world.ts'

/** Leaves at least one row of the world's tenant in every table, by way of the program where there is one. */
export async function fillWorld(world: World): Promise<{ edge: TestEdge; command: string }> {
  const edge = await world.newEdge()
  const nowMs = world.clock.nowMs()
  await world.as('PUT', '/api/v1/secrets/mes-password', { purpose: 'mes', value: 'of nobody else' })
  await world.as('POST', '/api/v1/pii', { text: '홍길동 과장', subject: 'alarm/1' })
  await world.as('PUT', `/api/v1/rules/press-temperature`, { definition: ruleOf(), based_on_version: 0 })
  await world.as('POST', '/api/v1/rules/press-temperature/deploy', { edge_ids: [edge.id] })
  await edge.sendReadings([{ tagNo: 1, timeMs: nowMs, value: 92.5 }])
  await edge.sendRecords([
    tagRecord(nowMs, 1, 'LINE-A/PRESS-1/temperature'),
    judgmentRecord(nowMs),
    verdictRunRecord(nowMs),
    alarmRecord(nowMs),
    {
      at_ms: nowMs,
      kind: 'reported',
      body: {
        kind: 'rule',
        key: 'press-temperature',
        version: 1,
        state: 'applied',
        problem: null,
        rule_hash: null,
      },
    },
    {
      at_ms: nowMs,
      kind: 'event',
      body: {
        type: 'inspection',
        source: 'mes',
        source_key: '1',
        line: 'LINE-A',
        occurred_at_ms: nowMs,
        passed: true,
      },
    },
    { at_ms: nowMs, kind: 'outage', body: { from_ms: nowMs, to_ms: nowMs, cause: 'cable', rows_waiting: 3 } },
    { at_ms: nowMs, kind: 'drop', body: { lane: 'readings', from_seq: 5, to_seq: 6, reason: 'space' } },
    { at_ms: nowMs, kind: 'audit', body: { actor: 'kim', action: 'alarm.acknowledge', subject: 'x', detail: {} } },
  ])
  // One that is not whole: its first piece lies there.
  const cloudKey = await exchangeKeys(edge, generateCourierKey().publicKey)
  const half = upFile(edge, cloudKey, [edge.readingsBatch([{ tagNo: 1, timeMs: nowMs, value: 1 }])])
  await begin(world, Buffer.concat([half, Buffer.alloc(courierPieceBytes)]))
  // What a consumer leaves behind; the events themselves are those of the rule and of the judgments.
  await world.store.backend.pool.query(
    `with consumed as (insert into core.consumed_events select tenant_id, 'judgment.cache', id, created_at from core.outbox)
     insert into core.dead_events select tenant_id, id, 'judgment.cache', channel, subject, payload, trace, created_at, 1, 'x', created_at from core.outbox`,
  )
  const command = crypto.randomUUID()
  await world.as('POST', `/api/v1/fleet/edges/${edge.id}/commands`, {
    id: command,
    what: { name: 'support_bundle' },
  })
  await edge.signed('PUT', `${syncPaths.bundles}/${command}`, Uint8Array.of(0x1f, 0x8b))
  await edge.signed(
    'POST',
    syncPaths.troubles,
    Buffer.from(
      JSON.stringify({
        protocol: protocolVersion,
        epoch: edge.epoch,
        lane: 'records',
        kind: 'ahead',
        seq: 1,
        held: laneStart,
      }),
    ),
  )
  edge.epoch = crypto.randomUUID()
  edge.nextSeq = { records: 1, readings: 1 }
  edge.waiting = { records: { rows: 0, oldest_ms: null }, readings: { rows: 7, oldest_ms: 1_000 } }
  await edge.sendReadings([{ tagNo: 1, timeMs: nowMs, value: 1 }])
  world.clock.advance(1_000)
  const told = () => world.store.backend.pool.query('select from fleet.edge_waiting')
  await vi.waitUntil(async () => (await told()).rows.length > 0, { timeout: 10_000, interval: 10 })
  // Something sealed, signed, verified, and something that still waits.
  await world.cloud.audit.verifier.verify('demo')
  await world.newToken()
  return { edge, command }
}
