import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Duplex } from 'node:stream'
import { Worker } from 'node:worker_threads'
import { isErrno, lockFolder, OperationalError } from '@jidoka/base'
import { Pool } from 'pg'
import type { Backend } from './backend.ts'
import { backendProfiles, rowTypes } from './backend.ts'
import type { FromWorker, ToWorker, WorkerSettings } from './pglite-messages.ts'

export class EmbeddedDatabaseError extends OperationalError {
  override name = 'EmbeddedDatabaseError'
}

export interface PgliteOptions {
  /** The program's data folder; the database lies in `pglite` below it. */
  folder: string
  /** Called once when the engine fails for good; the process cannot go on. */
  onFailure: (error: Error) => void
}

/**
 * Opens PostgreSQL in WebAssembly in a worker thread, behind the same `pg.Pool` as a server.
 * @throws FolderInUseError when another process has the folder, EmbeddedDatabaseError when it cannot be opened.
 */
export async function openPglite(options: PgliteOptions): Promise<Backend> {
  let unlock: () => void
  try {
    unlock = lockFolder(options.folder)
  } catch (cause) {
    if (isErrno(cause))
      throw new EmbeddedDatabaseError(`The data folder ${options.folder} cannot be used: ${cause.message}.`, { cause })
    throw cause
  }
  const database = join(options.folder, 'pglite')
  const cleanMark = join(options.folder, 'stopped-cleanly')
  const keptEverything = existsSync(cleanMark) || !existsSync(database)
  mkdirSync(database, { recursive: true, mode: 0o700 })
  rmSync(cleanMark, { force: true })
  const engine = new Engine({ folder: database })
  try {
    await engine.ready
  } catch (cause) {
    await engine.terminate()
    unlock()
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new EmbeddedDatabaseError(
      `The database in ${database} cannot be opened: ${why}. If the disk is not full, move the folder away and start again: the edges send what they still keep.`,
      { cause },
    )
  }
  engine.onFailure = options.onFailure
  const pool = new Pool({
    stream: () => engine.connect(),
    user: 'postgres',
    database: 'postgres',
    max: backendProfiles.pglite.poolSizeMax ?? 1,
    // Kept open: a new connection of the one session costs a reset and gains nothing.
    idleTimeoutMillis: 0,
    types: rowTypes,
    pipeline: true,
  })
  // An idle connection's error arrives here as well as at `onFailure`; without a listener it would end the process without a word.
  pool.on('error', () => undefined)
  return {
    profile: backendProfiles.pglite,
    pool,
    keptEverything,
    listen: () => Promise.resolve(() => Promise.resolve()),
    async close() {
      await pool.end()
      await engine.close()
      writeFileSync(cleanMark, '', { mode: 0o600 })
      unlock()
    },
  }
}

/** The worker thread, and which connection its next answer belongs to. */
class Engine {
  readonly ready: Promise<void>
  onFailure: (error: Error) => void = () => undefined
  #worker: Worker
  #closed = Promise.withResolvers<void>()
  #connection: WireStream | undefined
  #connections = 0
  #closing = false

  constructor(settings: WorkerSettings) {
    this.#worker = new Worker(new URL('./pglite-worker.ts', import.meta.url), { workerData: settings })
    const ready = Promise.withResolvers<void>()
    this.ready = ready.promise
    const fail = (error: Error) => {
      ready.reject(error)
      this.#closed.reject(error)
      this.#connection?.destroy(error)
      if (!this.#closing) this.onFailure(error)
    }
    this.#closed.promise.catch(() => undefined) // whoever closes looks at it; nobody does when the engine fails before
    this.#worker.on('message', (message: FromWorker) => {
      if (message.kind === 'ready') ready.resolve()
      else if (message.kind === 'closed') this.#closed.resolve()
      else if (message.kind === 'failed')
        fail(new EmbeddedDatabaseError(`the embedded database has failed: ${message.message}`))
      else if (message.connection === this.#connections) this.#connection?.answer(message.bytes)
    })
    this.#worker.on('error', fail)
    this.#worker.on('exit', (code) => {
      if (!this.#closing)
        fail(new EmbeddedDatabaseError(`the thread of the embedded database has ended with code ${code}`))
    })
  }

  connect(): WireStream {
    const connection = ++this.#connections
    let fresh = true
    this.#connection = new WireStream((bytes) => {
      const message: ToWorker = { kind: 'bytes', connection, fresh, bytes }
      fresh = false
      this.#worker.postMessage(message)
    })
    return this.#connection
  }

  async close(): Promise<void> {
    this.#closing = true
    this.#worker.postMessage({ kind: 'close' } satisfies ToWorker)
    await this.#closed.promise
    await this.#worker.terminate()
  }

  async terminate(): Promise<void> {
    this.#closing = true
    await this.#worker.terminate()
  }
}

/** What `pg` takes for its socket. One write is answered before the next is sent, as the engine works them off one by one. */
class WireStream extends Duplex {
  #send: (bytes: Uint8Array) => void
  #answered: (() => void) | undefined

  constructor(send: (bytes: Uint8Array) => void) {
    super()
    this.#send = send
  }

  connect(): this {
    process.nextTick(() => this.emit('connect'))
    return this
  }

  answer(bytes: Uint8Array): void {
    if (bytes.length > 0) this.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
    const answered = this.#answered
    this.#answered = undefined
    answered?.()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#answered = done
    // Copied by postMessage; `pg` goes on using its own buffer.
    this.#send(chunk)
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'utf8', done)
  }

  override _read(): void {}

  override _final(done: () => void): void {
    this.push(null)
    done()
  }

  setNoDelay(): this {
    return this
  }

  setKeepAlive(): this {
    return this
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }
}
