import type { LineToCloud } from '@jidoka/contract'
import { expect, test } from 'vitest'
import { Metrics } from './metrics.ts'

const line: LineToCloud = {
  state: 'online',
  since: '2026-01-01T00:00:00.000Z',
  problem: null,
  lanes: [],
  last_receipt: null,
  disk: { used_bytes: 1, free_bytes: 2, horizon_days: null, problem: null },
}

test('what only grows is a counter, and scraping twice does not count it twice', async () => {
  const metrics = new Metrics({
    lineToCloud: () => line,
    alarmsOpen: () => 0,
    mqttClients: () => 0,
    streamClients: () => 0,
    streamSlowTotal: () => 3,
    connectors: () => [
      { name: 'MES', isUp: true, eventsTotal: 7 },
      { name: 'MES-2', isUp: false, eventsTotal: 0 },
    ],
  })
  await metrics.text()
  const lines = (await metrics.text()).split('\n')
  expect(lines).toContain('jidoka_connector_events_total{connector="MES"} 7')
  expect(lines).toContain('jidoka_connector_events_total{connector="MES-2"} 0')
  expect(lines).toContain('jidoka_stream_slow_clients_total 3')
  const totals = lines.filter((each) => /^# TYPE jidoka_\w+_total /.test(each))
  expect(totals.length).toBeGreaterThanOrEqual(8)
  expect(totals.filter((each) => !each.endsWith(' counter'))).toEqual([])
})
