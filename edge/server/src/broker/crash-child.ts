import { createLog } from '@jidoka/base'
import { openPipeline } from '../pipeline/index.ts'
import { hotRule } from '../pipeline/test-support.ts'
import { createBroker } from './broker.ts'

/** For tests that kill: the real journal and broker in a process of their own. Argument: data folder. Prints its port. */
const [dataFolder = ''] = process.argv.slice(2)
const log = createLog('test', { level: 'silent' })
const pipeline = await openPipeline({ dataFolder, tenantId: 'acme', log })
await pipeline.applyDesired({
  upserts: [{ kind: 'rule', key: 'hot', version: 1, body: hotRule() }],
  removals: [],
  replaceAll: false,
  position: { handle: 'h', offset: '1' },
})
const broker = createBroker({
  port: 0,
  host: '127.0.0.1',
  policy: 'open',
  authenticate: () => null,
  pipeline,
  log,
})
await broker.start()
pipeline.onStoreProblem((problem) => process.stdout.write(`${JSON.stringify({ problem })}\n`))
process.stdout.write(`${JSON.stringify({ port: broker.port, found: pipeline.found })}\n`)
