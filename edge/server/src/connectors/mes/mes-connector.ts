import type { Clock, Log, Service } from '@jidoka/base'
import { describeError } from '@jidoka/base'
import type { FactoryEvent } from '@jidoka/domain'
import type { MesConnectorConfig } from '../../config.ts'
import type { JournalReader, Pipeline } from '../../ports.ts'
import type { ConnectorStatus } from '../connector.ts'
import { mesLimits } from './limits.ts'
import { MesPosition } from './position.ts'
import { MesClient } from './scan.ts'
import type { MesPage } from './scan.ts'
import { eventOfRow, mesTables } from './tables.ts'
import type { MesTable } from './tables.ts'

export interface MesConnectorOptions {
  readonly config: MesConnectorConfig
  readonly pipeline: Pick<Pipeline, 'recordEvents'>
  readonly reader: Pick<JournalReader, 'connectorPosition'>
  readonly clock: Clock
  readonly log: Log
  /** 0..1, for the jitter of retries. */
  readonly random: () => number
}

/**
 * Polls a MES by watermark. Rows appear in it out of order: a transaction that began earlier may commit later, with an
 * older `updated_at`, and many rows may share one instant. So each poll reads the last `overlap_min` minutes before the
 * watermark again, and a row version that is already in the journal is skipped there, in the commit that holds the new
 * position. Nothing is lost as long as no transaction of the MES is longer than the overlap, and nothing comes twice.
 */
export class MesConnector implements Service {
  readonly name: string
  readonly #options: MesConnectorOptions
  #position: MesPosition
  #client: MesClient | null = null
  #isStopping = false
  #running: Promise<void> = Promise.resolve()
  #cancel: () => void = () => {}
  #failuresInRow = 0
  #status: ConnectorStatus
  /** Versions of the overlap that this process has handed on already: source key to `updated_at`. */
  readonly #seen = new Map<string, bigint>()
  /** Keys by table that were refused because of their `updated_at` and are still so: at most a page of each. */
  readonly #unordered = new Map<string, ReadonlySet<string>>()

  constructor(options: MesConnectorOptions) {
    const { config, reader, clock } = options
    this.name = config.name
    this.#options = options
    this.#position = MesPosition.decode(reader.connectorPosition(config.name))
    this.#status = {
      name: config.name,
      state: 'starting',
      sinceMs: clock.nowMs(),
      problem: null,
      eventsTotal: 0,
      rowsRefusedTotal: 0,
      lastRefusal: null,
    }
  }

  get status(): ConnectorStatus {
    return this.#status
  }

  /** Resolves at once: a MES that is down must not keep the appliance from starting. */
  start(): Promise<void> {
    this.#next(0)
    return Promise.resolve()
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    this.#cancel()
    await this.#running
    await this.#disconnect()
  }

  #next(delayMs: number): void {
    if (this.#isStopping) return
    this.#cancel = this.#options.clock.after(delayMs, () => {
      this.#running = this.#poll().then(
        () => this.#succeeded(),
        (error: unknown) => this.#failed(error),
      )
    })
  }

  #succeeded(): void {
    if (this.#status.state !== 'up') {
      this.#options.log.info({ action: 'connector_up', connector: this.name }, `the MES "${this.name}" answers`)
      this.#status = { ...this.#status, state: 'up', sinceMs: this.#options.clock.nowMs(), problem: null }
    }
    this.#failuresInRow = 0
    this.#next(this.#options.config.poll_interval_s * 1_000)
  }

  async #failed(error: unknown): Promise<void> {
    const { log, clock, random } = this.#options
    const problem = `The MES "${this.name}" does not answer: ${describeError(error)}. The connector tries again by itself and catches up.`
    if (this.#status.state !== 'down') {
      log.warn({ action: 'connector_down', connector: this.name }, problem)
      this.#status = { ...this.#status, state: 'down', sinceMs: clock.nowMs() }
    }
    this.#status = { ...this.#status, problem }
    await this.#disconnect()
    const delayMs = Math.min(mesLimits.retryDelayMsMax, mesLimits.retryDelayMsMin * 2 ** this.#failuresInRow++)
    // Half of it at random, so that several connectors do not come back in step.
    this.#next(delayMs * (0.5 + 0.5 * random()))
  }

  async #poll(): Promise<void> {
    const client = this.#client ?? (await this.#connect())
    const nowUs = await client.nowUs()
    for (const table of mesTables) {
      if (this.#isStopping) return
      await this.#scan(client, table, nowUs)
    }
  }

  async #connect(): Promise<MesClient> {
    const client = new MesClient(this.#options.config.url)
    this.#client = client
    await client.connect((error) => {
      this.#options.log.debug({ connector: this.name }, `the connection to the MES ended: ${error.message}`)
      if (this.#client === client) this.#client = null
    })
    return client
  }

  async #disconnect(): Promise<void> {
    const client = this.#client
    this.#client = null
    // A connection that is broken cannot say good-bye; there is nothing to keep of it.
    await client
      ?.close()
      .catch((error: unknown) => this.#options.log.debug({ connector: this.name }, describeError(error)))
  }

  async #scan(client: MesClient, table: MesTable, nowUs: bigint): Promise<void> {
    const { overlap_min, history_h } = this.#options.config
    const watermark = this.#position.of(table.table)
    const overlapUs = BigInt(Math.round(overlap_min * 60_000_000))
    const historyUs = BigInt(Math.round(history_h * 3_600_000_000))
    const fromUs = watermark === null ? nowUs - (historyUs > overlapUs ? historyUs : overlapUs) : watermark - overlapUs
    this.#forget(table, fromUs)
    let after: { us: bigint; key: string } | null = { us: fromUs > 0n ? fromUs : 0n, key: '' }
    while (after !== null && !this.#isStopping) {
      const page: MesPage = await client.page(table, after)
      await this.#handOn(table, page, nowUs)
      after = page.next
    }
    await this.#refuseUnordered(client, table)
  }

  /** Rows that no page can hold are said once, and brought like others when the MES has mended them. */
  async #refuseUnordered(client: MesClient, table: MesTable): Promise<void> {
    const keys = new Set(await client.unordered(table))
    const said = this.#unordered.get(table.table)
    for (const key of keys) {
      if (said?.has(key)) continue
      this.#refused(
        `The row "${key}" of the MES table "${table.table}" has an updated_at that is infinite or past the year 9999 and is left out until the MES gives it a real one.`,
      )
    }
    this.#unordered.set(table.table, keys)
  }

  async #handOn(table: MesTable, page: MesPage, nowUs: bigint): Promise<void> {
    const events: FactoryEvent[] = []
    const versions: [string, bigint][] = []
    let position = this.#position
    for (const { row, key, us } of page.rows) {
      // A row dated in the future must not carry the watermark past rows that are still to come.
      position = position.advanced(table.table, us < nowUs ? us : nowUs)
      const version = `${table.table}:${key}:${us}`
      if (this.#seen.has(version)) continue
      versions.push([version, us])
      const outcome = eventOfRow(this.name, table, row, us.toString())
      if ('event' in outcome) events.push(outcome.event)
      else this.#refused(outcome.refused)
    }
    if (events.length > 0 || position !== this.#position) {
      const { stored } = await this.#options.pipeline.recordEvents(events, {
        connector: this.name,
        position: position.encode(),
      })
      this.#status = { ...this.#status, eventsTotal: this.#status.eventsTotal + stored }
    }
    this.#position = position
    // Only now: what could not be committed must be handed on again.
    for (const [version, us] of versions) if (this.#seen.size < mesLimits.seenMax) this.#seen.set(version, us)
  }

  #refused(why: string): void {
    this.#options.log.warn({ action: 'mes_row_refused', connector: this.name }, why)
    this.#status = { ...this.#status, rowsRefusedTotal: this.#status.rowsRefusedTotal + 1, lastRefusal: why }
  }

  /** Versions before the overlap are not read again. */
  #forget(table: MesTable, beforeUs: bigint): void {
    for (const [version, us] of this.#seen)
      if (us < beforeUs && version.startsWith(`${table.table}:`)) this.#seen.delete(version)
  }
}
