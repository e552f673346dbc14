import { createLog } from '@jidoka/base'
import { startBrokerAlone } from '../src/broker-alone.ts'
import { asked } from './ring.ts'

/** The real broker and journal in a process of their own. Its argument is JSON: data folder, number of rules. Prints its port. */
const { dataFolder, ruleCount } = asked() as { readonly dataFolder: string; readonly ruleCount: number }
const log = createLog('bench', { level: 'warn' })
const { broker, pipeline, stop } = await startBrokerAlone({
  dataFolder,
  tenantId: 'acme',
  host: '127.0.0.1',
  port: 0,
  version: 'bench',
  log,
})
if (ruleCount > 0) {
  await pipeline.applyDesired({
    upserts: Array.from({ length: ruleCount }, (_, index) => ({
      kind: 'rule' as const,
      key: `hot-${index}`,
      version: 1,
      body: {
        id: `hot-${index}`,
        version: 1,
        name: { ko: '온도', en: 'Temperature' },
        enabled: true,
        trigger: { on: 'reading' as const, sensor: 'temperature' },
        inputs: [{ name: 'value', from: 'trigger' as const, kind: 'number' as const, max_age_s: 86_400 }],
        parameters: { high: { value: 90 + index, name: { ko: '상한', en: 'High' } } },
        script: 'if input.value > params.high { verdict("HIGH", 0.95) } else { verdict("NORMAL", 0.8) }',
        normal_statuses: ['NORMAL'],
        alarms: { HIGH: 'high' as const },
        hysteresis: { raise_after_count: 1, return_after_count: 1 },
        cool_down_s: 0,
        confidence_min: 0,
        examples: [],
      },
    })),
    removals: [],
    replaceAll: false,
    position: { handle: 'bench', offset: '0' },
  })
}
process.stdout.write(`${JSON.stringify({ port: broker.port })}\n`)
process.once('SIGTERM', () => void stop())
