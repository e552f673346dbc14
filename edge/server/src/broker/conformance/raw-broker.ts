import { createLog } from '@jidoka/base'
import { createBroker } from '../broker.ts'
import type { Broker, BrokerOptions } from '../broker.ts'
import { RawClient } from './raw-client.ts'
import type { ConnectFields } from './raw-client.ts'
import { TestJournal } from './test-journal.ts'

/** A broker with the open policy before a journal that a test holds in its hands. */
export class RawBroker {
  readonly journal = new TestJournal()
  broker!: Broker
  readonly #options: Partial<BrokerOptions>
  readonly #clients: RawClient[] = []

  constructor(options: Partial<BrokerOptions> = {}) {
    this.#options = options
  }

  static async start(options: Partial<BrokerOptions> = {}): Promise<RawBroker> {
    const at = new RawBroker(options)
    await at.#begin()
    return at
  }

  async connect(fields: ConnectFields = {}): Promise<Awaited<ReturnType<typeof RawClient.connect>>> {
    const client = await RawClient.connect(this.broker.port, fields)
    this.#clients.push(client)
    return client
  }

  open(): RawClient {
    const client = RawClient.open(this.broker.port)
    this.#clients.push(client)
    return client
  }

  /** The process is killed and started again: what was not committed is gone, and nobody was told goodbye. */
  async crash(): Promise<void> {
    this.#endLast()
    this.journal.forgetHeld()
    const state = this.journal.brokerState()
    for (const client of this.#clients.splice(0)) client.socket.destroy()
    void this.broker.stop()
    await this.#begin(state)
  }

  async restart(): Promise<void> {
    await this.broker.stop()
    await this.#begin()
  }

  async stop(): Promise<void> {
    this.journal.release()
    for (const client of this.#clients) client.socket.destroy()
    await this.broker.stop()
    this.journal.close()
  }

  async #begin(state = this.journal.brokerState()): Promise<void> {
    const { ingest, changeBroker, onStoreProblem, watchVerdicts } = this.journal
    let isMine = true
    this.#endLast()
    this.#endLast = () => (isMine = false)
    this.broker = createBroker({
      port: 0,
      host: '127.0.0.1',
      policy: 'open',
      authenticate: () => null,
      pipeline: {
        ingest: (message, done) => {
          if (isMine) ingest(message, done)
        },
        changeBroker: (changes) => (isMine ? changeBroker(changes) : new Promise(() => {})),
        onStoreProblem,
        watchVerdicts,
      },
      reader: { brokerState: () => state },
      version: '1.2.3',
      log: createLog('test', { level: 'silent' }),
      ...this.#options,
    })
    await this.broker.start()
  }

  #endLast: () => void = () => {}
}
