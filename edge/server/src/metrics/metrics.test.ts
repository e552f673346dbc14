import { readFileSync } from 'node:fs'
import { documentedLabels, documentedMetrics, metricLabels, metricNames } from '@jidoka/base/testing'
import type { LineToCloud, SyncStatus } from '@jidoka/contract'
import { Registry } from 'prom-client'
import { expect, test, vi } from 'vitest'
import { newStats } from '../broker/stats.ts'
import { emptyCommit } from '../http/testing/memory-journal.ts'
import { Metrics } from './metrics.ts'
import type { MetricSources } from './metrics.ts'

const line: LineToCloud = {
  state: 'online',
  since: '2026-01-01T00:00:00.000Z',
  problem: null,
  lanes: [],
  last_receipt: null,
  disk: {
    used_bytes: 1,
    free_bytes: 2,
    horizon_days: null,
    horizon_days_at_day_rate: null,
    problem: null,
    problem_kind: null,
  },
}

const syncStatus: SyncStatus = {
  epoch: 'e',
  state: 'online',
  since: line.since,
  problem: null,
  lanes: [
    {
      lane: 'readings',
      start_seq: 1,
      stored_seq: 9,
      receipted_seq: 4,
      waiting_rows: 5,
      oldest_unsent_s: 2.5,
      rows_per_second: null,
      seconds_left: null,
      problem: null,
    },
  ],
  troubles: [{ kind: 'diverged', lane: 'readings', seq: 4, since: line.since, sentence: 'two histories' }],
  last_receipt: null,
  last_audit: null,
}

const sources: MetricSources = {
  lineToCloud: () => line,
  syncStatus: () => syncStatus,
  rowsGone: () => [{ lane: 'readings', reason: 'pruned', rows: 12 }],
  alarmsOpen: () => 0,
  broker: newStats,
  mqttClients: () => 0,
  streamClients: () => 0,
  streamSlowTotal: () => 3,
  mergesTotal: () => 5,
  spans: () => ({ sent: 1, lost: 2, dropped: 0 }),
  connectors: () => [
    { name: 'MES', isUp: true, eventsTotal: 7 },
    { name: 'MES-2', isUp: false, eventsTotal: 0 },
  ],
}

test('what only grows is a counter, and scraping twice does not count it twice', async () => {
  const metrics = new Metrics(sources)
  await metrics.text()
  const lines = (await metrics.text()).split('\n')
  expect(lines).toContain('jidoka_connector_events_total{connector="MES"} 7')
  expect(lines).toContain('jidoka_connector_events_total{connector="MES-2"} 0')
  expect(lines).toContain('jidoka_stream_slow_clients_total 3')
  expect(lines).toContain('jidoka_rows_gone{lane="readings",reason="pruned"} 12')
  const totals = lines.filter((each) => /^# TYPE jidoka_\w+_total /.test(each))
  expect(totals.length).toBeGreaterThanOrEqual(8)
  expect(totals.filter((each) => !each.endsWith(' counter'))).toEqual([])
})

const table = readFileSync(new URL('../../../../docs/metrics.md', import.meta.url), 'utf8')

test('all are in docs/metrics.md, and no other is', async () => {
  expect(metricNames(await new Metrics(sources).text())).toEqual(documentedMetrics(table, 'The edge'))
})

test('they have the labels that docs/metrics.md says, and no others', () => {
  const registering = vi.spyOn(Registry.prototype, 'registerMetric')
  const { requests } = new Metrics(sources)
  const registered = registering.mock.calls.map(([metric]) => metric)
  registering.mockRestore()
  expect(requests).toBeDefined()
  expect(metricLabels(registered)).toEqual(documentedLabels(table, 'The edge'))
})

test('a commit counts its repeats, and its dead letters by reason', async () => {
  const metrics = new Metrics(sources)
  const letter = { atMs: 1, source: 'press', topic: 'sensor/L/t', detail: '', sample: '' }
  metrics.committed({
    ...emptyCommit,
    deadLetters: [
      { ...letter, reason: 'not_json' },
      { ...letter, reason: 'wrong_tenant' },
      { ...letter, reason: 'not_json' },
    ],
    counts: { ...emptyCommit.counts, repeats: 4 },
  })
  const lines = (await metrics.text()).split('\n')
  expect(lines).toContain('jidoka_repeated_publishes_total 4')
  expect(lines).toContain('jidoka_dead_letters_total{reason="not_json"} 2')
  expect(lines).toContain('jidoka_dead_letters_total{reason="wrong_tenant"} 1')
})

test('the line shows what waits and since when, its retries and refusals by reason, and leaves out what is not known', async () => {
  const metrics = new Metrics(sources)
  metrics.line.batch('readings', 'refused', 100, 'busy')
  metrics.line.batch('readings', 'failed', 100, null)
  metrics.line.batch('readings', 'accepted', 100, null)
  metrics.line.batch('readings', 'accepted', 50, null)
  metrics.line.poison('records')
  const lines = (await metrics.text()).split('\n')
  expect(lines).toContain('jidoka_sync_backlog_rows{lane="readings"} 5')
  expect(lines).toContain('jidoka_sync_oldest_unsent_seconds{lane="readings"} 2.5')
  expect(lines).toContain('jidoka_sync_refusals_total{lane="readings",reason="busy"} 1')
  expect(lines).toContain('jidoka_sync_retries_total{lane="readings"} 2')
  expect(lines).toContain('jidoka_sync_bytes_total{lane="readings"} 350')
  expect(lines).toContain('jidoka_sync_poison_total{lane="records"} 1')
  expect(lines).toContain('jidoka_sync_troubles 1')
  expect(lines.filter((each) => each.startsWith('jidoka_sync_backlog_seconds{'))).toEqual([])
  expect(lines.filter((each) => each.startsWith('jidoka_sync_audit_differences '))).toEqual([])
})
