import { createLog, silentTracer, systemClock } from '@jidoka/base'
import { readConfig } from '../config.ts'
import { Database } from '../platform/db/database.ts'
import { openBackend } from '../platform/db/open.ts'
import { openBackbone } from '../platform/events/backbone.ts'
import { EventHub } from '../platform/events.ts'
import { Metrics } from '../platform/metrics.ts'

// A process that causes events one after the other (`cause`), or none (`drain`), hands on what waits, and takes what is handed on, until it is killed. What it caused and
// what came of it stand in two tables of the test, each written in the transaction that it belongs to.

const config = readConfig(process.env)
const causesMax = process.argv[2] === 'cause' ? Number.MAX_SAFE_INTEGER : 0
const log = createLog('event-process', {
  level: 'warn',
  destination: { write: (line) => void process.stderr.write(line) },
})
const backend = await openBackend({
  url: config.database_url,
  folder: config.data,
  onFailure: (error) => {
    throw error
  },
  onBrokenConnection: () => undefined,
})
const database = new Database(backend, { clock: systemClock })
const backbone = openBackbone({
  config,
  database,
  clock: systemClock,
  log,
  metrics: new Metrics(),
  hub: new EventHub(),
  tracer: silentTracer,
})
for (const service of backbone.services([
  {
    name: 'judgment.cache',
    handle: async (tx, event) => {
      await tx.run('insert into public.effects (subject) values ($1)', [event.subject])
    },
  },
]))
  await service.start()
process.stdout.write('running\n')
for (let number = 0; number < causesMax; number++) {
  const subject = `${process.pid}-${number}`
  await database.withTenant('demo', async (tx) => {
    tx.send('insert into public.causes (subject) values ($1)', [subject])
    backbone.outbox.append(tx, {
      channel: 'rule.deployed',
      subject,
      payload: { rule_id: 'a', version: 1, edge_ids: null, by: 'kim' },
    })
  })
  // Slower than they are taken on a busy machine, so that tests end.
  await new Promise((resolve) => setTimeout(resolve, 5))
}
