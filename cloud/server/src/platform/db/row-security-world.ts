import { Readable } from 'node:stream'
import { cloudPaths, courierPieceBytes } from '@jidoka/contract'
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
  await fillArchives(world)
  await fillJobs(world)
  await world.request('POST', '/api/v1/pii', {
    json: { text: '홍길동 과장', subject: 'alarm/1' },
    headers: { authorization: `Bearer ${await world.accessToken()}`, 'idempotency-key': 'row-of-the-world' },
  })
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
  await vi.waitUntil(async () => (await told()).rows.length > 0, { interval: 10 })
  const signedIn = await world.login()
  await world.request('POST', cloudPaths.logout, {
    headers: { cookie: signedIn.headers.get('set-cookie')?.split(';')[0] ?? '' },
  })
  // Something sealed, signed, verified, and something that still waits.
  await world.cloud.audit.verifier.verify('demo')
  await world.newToken()
  return { edge, command }
}

/** A job that failed, how it failed, and when another of its kind is due. @returns its id */
export async function fillJobs(world: World): Promise<string> {
  const { pool } = world.store.backend
  const nowAt = new Date(world.clock.nowMs())
  const { rows } = await pool.query<{ id: string }>(
    `insert into core.jobs (tenant_id, id, kind, input, state, attempt, attempts_max, runs, ticket, due_at, error, started_by, created_at, started_at, ended_at)
     values ('demo', gen_random_uuid(), 'jobs.tidy', '{}', 'dead', 1, 1, 1, gen_random_uuid(), $1, 'what went wrong in a job', 'admin', $1, $1, $1) returning id`,
    [nowAt],
  )
  const id = rows[0]?.id ?? ''
  await pool.query(
    `insert into core.job_attempts (tenant_id, job_id, no, process, started_at, ended_at, outcome, error)
     values ('demo', $1, 1, 'machine:1', $2, $2, 'failed', 'what went wrong in a job')`,
    [id, nowAt],
  )
  await pool.query(
    `insert into core.job_schedules (tenant_id, kind, rule, next_at) values ('demo', 'jobs.tidy', '40 2 * * * UTC', $1)`,
    [nowAt],
  )
  return id
}

/** A file, an archive of it whose rows were read back, and a link to upload another. @returns the id of the archive */
export async function fillArchives(world: World): Promise<string> {
  await world.as('POST', '/api/v1/objects/uploads', {
    name: 'manual of nobody else.pdf',
    content_type: 'application/pdf',
    bytes: 3,
    sha256: 'f'.repeat(64),
  })
  await world.as('PUT', '/api/v1/archive-settings', { tables: ['core.judgment_executions'] })
  const stored = await world.cloud.objects.port.put('demo', {
    key: 'archives/judgment_executions_y2024m01.parquet',
    kind: 'archive',
    contentType: 'application/vnd.apache.parquet',
    by: 'admin',
    body: Readable.from([Buffer.from('of nobody else')]),
  })
  const { pool } = world.store.backend
  const { rows } = await pool.query<{ id: string }>(
    `insert into core.archives (tenant_id, id, table_name, partition_name, from_at, to_at, rows, bytes, digest, object_key, archived_at, restore_state, restored_by, restored_until)
     values ('demo', gen_random_uuid(), 'core.judgment_executions', 'judgment_executions_y2024m01', '2024-01-01Z', '2024-02-01Z', 1, $1, 'digest of the rows', $2, $3, 'restored', 'admin', '2100-01-01Z')
     returning id`,
    [stored.bytes, stored.key, new Date(world.clock.nowMs())],
  )
  const id = rows[0]?.id ?? ''
  await pool.query(
    `insert into core.restored_rows (tenant_id, archive_id, no, row) values ('demo', $1, 1, '{"line": "LINE of an archive"}')`,
    [id],
  )
  return id
}
