import { edgePaths, envelope, outageSchema, syncAuditSchema, syncStatusSchema } from '@jidoka/contract'
import { beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { SyncDeskError } from '../uplink/sync-desk.ts'
import { describeAudit, describeStatus } from '../cli/sync.ts'
import { HttpHarness, problemOf } from './testing/http-harness.ts'

let edge: HttpHarness
beforeEach(() => {
  edge = new HttpHarness()
})

describe('the line to the cloud over HTTP', () => {
  test('says how each lane stands, and what the command line makes of it', async () => {
    const answer = await edge.get(edgePaths.syncStatus, await edge.cookieOf('viewer'))
    const { data } = envelope(syncStatusSchema).parse(await answer.json())
    expect(data).toMatchObject({
      epoch: edge.journal.epoch,
      state: 'not_enrolled',
      lanes: [
        // The sign-in.
        { lane: 'records', start_seq: 1, waiting_rows: 1, oldest_unsent_s: null },
        { lane: 'readings', start_seq: 1, waiting_rows: 0, seconds_left: null },
      ],
      troubles: [],
      last_audit: null,
    })
    const [lane] = data.lanes
    if (lane === undefined) throw new Error('no lane')
    const text = describeStatus({
      ...data,
      lanes: [{ ...lane, waiting_rows: 12_000, oldest_unsent_s: 90_000, rows_per_second: 400.4, seconds_left: 30 }],
    })
    expect(text).toContain('12000 rows wait, the oldest for 25.0 h, 400 rows/s, about 30 s left')
  })

  test('gives outages in pages, each behind the one before', async () => {
    const outage = (from_ms: number, more = {}) =>
      edge.journal.appendRecord({
        kind: 'outage',
        at_ms: 1,
        body: { from_ms, to_ms: from_ms + 10, cause: 'cut', rows_waiting: 5, ...more },
      })
    for (const from of [1_000, 2_000, 3_000]) await outage(from)
    await outage(1_000, { drained_ms: 4_000, dropped: { space: 2 }, receipted: { records: 1, readings: 2 } })
    const cookie = await edge.cookieOf('viewer')
    const page = async (query: string) =>
      envelope(z.array(outageSchema)).parse(await (await edge.get(`${edgePaths.outages}?${query}`, cookie)).json())
    const first = await page('limit=2')
    expect(first.data.map(({ from, drained }) => [Date.parse(from), drained])).toEqual([
      [3_000, null],
      [2_000, null],
    ])
    const second = await page(`limit=2&before=${first.meta.next_cursor}`)
    expect(second.data).toMatchObject([{ drained: new Date(4_000).toISOString(), dropped: { space: 2 } }])
    expect(second.meta.next_cursor).toBeUndefined()
    expect((await edge.get(`${edgePaths.outages}?limit=0`, cookie)).status).toBe(400)
  })

  test('a new epoch takes the right to it, the present one by name, and a cloud', async () => {
    const ask = async (login: string, body: unknown) =>
      problemOf(edge.post(edgePaths.syncEpoch, body, { cookie: await edge.cookieOf(login) }))
    const present = edge.journal.epoch.slice(0, 8)
    expect(await ask('operator', { present })).toMatchObject({ kind: 'not_permitted' })
    expect(await ask('admin', {})).toMatchObject({ kind: 'invalid_input' })
    expect(await ask('admin', { present: 'yes' })).toMatchObject({ kind: 'invalid_input' })
    expect((await ask('admin', { present })).detail).toContain('No cloud is configured')
    edge.restart({
      sync: {
        ...edge.services.sync,
        beginEpoch: () => Promise.reject(new SyncDeskError('The present epoch begins with 0198')),
      },
    })
    expect(await ask('admin', { present: '00000000' })).toMatchObject({
      kind: 'conflict',
      detail: expect.stringContaining('0198') as string,
    })
  })

  test('a comparison takes the right to it, and its last result is there for all', async () => {
    const asViewer = { cookie: await edge.cookieOf('viewer') }
    expect(await problemOf(edge.post(edgePaths.syncAudit, {}, asViewer))).toMatchObject({ kind: 'not_permitted' })
    const last = await edge.get(edgePaths.syncAudit, asViewer.cookie)
    const { data } = envelope(syncAuditSchema).parse(await last.json())
    expect(data).toMatchObject({ state: 'none', report: null })
    const difference = {
      lane: 'readings' as const,
      range: 0,
      from_seq: 1,
      to_seq: 65_536,
      where: 'cloud_rows' as const,
      edge_count: 65_536,
      cloud_count: 65_530,
      repair: 'not_held' as const,
      detail: null,
    }
    const report = { epoch: 'e', is_whole: false, ranges: 3, rows: 9, unknown: 0, differences: [difference] }
    expect(describeAudit({ ...data, report })).toBe(
      'readings 1 to 65536: the cloud has lost rows that it had receipted, or holds others (here 65536 rows, there 65530); cannot be sent again: not all of it is held here any more\n3 ranges, 9 rows: 1 ranges DIFFER',
    )
  })
})
