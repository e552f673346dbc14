import type { Clock, Log, Service } from '@jidoka/base'
import { Relay } from '../net/relay.ts'
import type { ProductionEvent } from '../plant/production/events.ts'
import { openPglite, serverByUrl } from './database.ts'
import type { MesDatabase } from './database.ts'
import { MesWriter } from './writer.ts'

export interface MesOptions {
  /** Where connectors reach the MES; 0 for any free port. */
  readonly port: number
  /** A server that is there already, or null for PGlite. */
  readonly url: string | null
  /** Keeps PGlite's files; null for memory. */
  readonly dataFolder: string | null
  readonly clock: Clock
  readonly log: Log
}

interface Open {
  readonly database: MesDatabase
  readonly writer: MesWriter
  readonly door: Relay
}

/**
 * The plant's MES: a database, the plant's own writer on it, and the door through which others see it. Only the door
 * goes down with the fault `mes_down`: the plant goes on writing, as an MES does whose network alone is broken, so that
 * whoever comes back finds everything and has to catch up.
 */
export class Mes implements Service {
  readonly name = 'mes'
  readonly #options: MesOptions
  #open: Open | null = null

  constructor(options: MesOptions) {
    this.#options = options
  }

  async start(): Promise<void> {
    const { url, dataFolder, port, clock, log } = this.#options
    const database = url === null ? await openPglite(dataFolder, log) : serverByUrl(url)
    const writer = new MesWriter({ database, clock, log })
    const door = new Relay('the MES', { host: '127.0.0.1', port }, database)
    this.#open = { database, writer, door }
    try {
      await door.start()
      await writer.start()
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  async stop(): Promise<void> {
    const open = this.#open
    this.#open = null
    await open?.door.stop()
    await open?.writer.stop()
    await open?.database.close()
  }

  /** Where a connector finds it, with the user and the password of the server's URL. */
  get url(): string {
    const { database, door } = this.#started()
    const url = new URL(database.url)
    url.host = `127.0.0.1:${door.port}`
    return url.href
  }

  get up(): boolean {
    return this.#started().door.up
  }

  /** Takes the MES down for a reason; the returned function takes that reason back. */
  down(reason: string): () => void {
    return this.#started().door.cut(reason)
  }

  add(event: ProductionEvent, at: Date): void {
    this.#started().writer.add(event, at)
  }

  /** Writes at once what waits. */
  async flush(): Promise<void> {
    await this.#started().writer.flush()
  }

  #started(): Open {
    if (this.#open === null) throw new TypeError('the MES is used only between start and stop')
    return this.#open
  }
}
