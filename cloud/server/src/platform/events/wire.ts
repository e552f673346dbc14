import type { Database } from '../db/database.ts'
import type { RedisLink } from '../redis/link.ts'

/** Carries short texts to the other processes of this cloud, now or never. */
export interface Wire {
  readonly isUp: boolean
  /** The longest text that it carries. */
  readonly bytesMax: number
  /** @param missed called when texts may have been missed since the last one */
  open(heard: (text: string) => void, missed: () => void): Promise<void>
  /** @throws when they could not be sent */
  send(texts: readonly string[]): Promise<void>
  close(): Promise<void>
}

const channel = 'jidoka:fanout'

/** By Redis' publish and subscribe. */
export class RedisWire implements Wire {
  /** Far below what Redis bears for a slow subscriber (32 MB), far above an event. */
  readonly bytesMax = 64 * 1024
  readonly #link: RedisLink

  constructor(link: RedisLink) {
    this.#link = link
  }

  get isUp(): boolean {
    return this.#link.isUp
  }

  open(heard: (text: string) => void, missed: () => void): Promise<void> {
    const redis = this.#link.connection('messages')
    redis.on('message', (_, text: string) => heard(text))
    // Each time that it is connected, the first included; what was said meanwhile is gone.
    redis.on('ready', () => {
      redis.subscribe(channel).then(missed, () => undefined)
    })
    // Told by the link's log; it goes on trying.
    redis.connect().catch(() => undefined)
    return Promise.resolve()
  }

  async send(texts: readonly string[]): Promise<void> {
    const pipeline = this.#link.commands.pipeline()
    for (const text of texts) pipeline.publish(channel, text)
    for (const [error] of (await pipeline.exec()) ?? []) if (error !== null) throw error
  }

  /** The link closes its connections. */
  close(): Promise<void> {
    return Promise.resolve()
  }
}

/** A name of PostgreSQL's own. */
const pgChannel = 'jidoka_fanout'

/** Without Redis, by LISTEN and NOTIFY, where other processes may share the database. */
export class PostgresWire implements Wire {
  readonly isUp = true
  /** PostgreSQL takes less than 8,000 bytes. */
  readonly bytesMax = 7_900
  readonly #database: Database
  #unlisten: () => Promise<void> = () => Promise.resolve()

  constructor(database: Database) {
    this.#database = database
  }

  async open(heard: (text: string) => void, missed: () => void): Promise<void> {
    this.#unlisten = await this.#database.backend.listen(pgChannel, heard, missed)
  }

  async send(texts: readonly string[]): Promise<void> {
    await this.#database.asOwner('select pg_notify($1, text) from unnest($2::text[]) as text', [pgChannel, texts])
  }

  async close(): Promise<void> {
    await this.#unlisten()
  }
}
