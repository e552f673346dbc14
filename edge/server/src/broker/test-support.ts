import { createLog } from '@jidoka/base'
import type { Log } from '@jidoka/base'
import { connectAsync } from 'mqtt'
import type { IClientOptions, MqttClient } from 'mqtt'
import type { JournalReader, Pipeline } from '../ports.ts'
import { openPipeline, openReader } from '../pipeline/index.ts'
import type { OpenPipeline } from '../pipeline/index.ts'
import { newFolder, removeFolder } from '../pipeline/test-support.ts'
import { createBroker } from './broker.ts'
import type { Broker, BrokerOptions } from './broker.ts'

/** For tests: the real broker before the real journal, and real clients. */
export const quietLog: Log = createLog('test', { level: 'silent' })

const grants = new Map([
  ['press', { login: 'press', role: 'device', lines: ['LINE-A'] }],
  ['light', { login: 'light', role: 'consumer', lines: [] }],
] as const)

export class TestBroker {
  readonly folder = newFolder()
  readonly #clients: MqttClient[] = []
  pipeline!: OpenPipeline
  reader!: JournalReader
  broker!: Broker

  static async start(
    options: Partial<BrokerOptions> & {
      wrap?: (pipeline: Pipeline) => Partial<BrokerOptions['pipeline']>
    } = {},
  ): Promise<TestBroker> {
    const { wrap = () => ({}), ...more } = options
    const test = new TestBroker()
    test.pipeline = await openPipeline({ dataFolder: test.folder, tenantId: 'acme', log: quietLog })
    test.reader = openReader({ dataFolder: test.folder })
    test.broker = createBroker({
      port: 0,
      host: '127.0.0.1',
      policy: 'devices',
      reader: test.reader,
      authenticate: ({ login, secret }) => (secret === 'open sesame' ? (grants.get(login as 'press') ?? null) : null),
      pipeline: { ...pipelineOf(test.pipeline), ...wrap(test.pipeline) },
      log: quietLog,
      ...more,
    })
    await test.broker.start()
    return test
  }

  async connect(username: string, more: IClientOptions = {}): Promise<MqttClient> {
    const client = await connectAsync(this.broker.url, {
      username,
      password: 'open sesame',
      reconnectPeriod: 0,
      ...more,
    })
    // A test that provokes a disconnection looks at its effect, not at this event.
    client.on('error', () => {})
    this.#clients.push(client)
    return client
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.end(true)
    await this.broker.stop()
    this.reader.close()
    await this.pipeline.stop()
    removeFolder(this.folder)
  }
}

/** What a broker asks of a pipeline, so that a test may put something else in place of a part. */
export const pipelineOf = (pipeline: Pipeline): BrokerOptions['pipeline'] => ({
  ingest: (message, done) => pipeline.ingest(message, done),
  onStoreProblem: (listener) => pipeline.onStoreProblem(listener),
  changeBroker: (changes) => pipeline.changeBroker(changes),
  watchVerdicts: (wanted) => pipeline.watchVerdicts(wanted),
})

/** Resolves when the condition holds; looks again after every turn of the loop. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 30_000
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited in vain until ${what}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}
