import { PGlite } from '@electric-sql/pglite'
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm'
import { vector } from '@electric-sql/pglite-pgvector'
import { parentPort, workerData } from 'node:worker_threads'
import type { FromWorker, ToWorker, WorkerSettings } from './pglite-messages.ts'

// PGlite in a thread of its own: a statement blocks the event loop that runs it, and here that loop serves nobody else.

const port = parentPort
if (port === null) throw new Error('pglite-worker.ts runs as a worker thread only')

const settings = workerData as WorkerSettings
const tell = (message: FromWorker, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer)

/**
 * PostgreSQL's own choice is 128 MB, all of which WebAssembly writes over with zeros at the start: 80 of 400 ms of opening, and 110 MB of memory that are not
 * given back. More than this gains little, as what does not fit lies in the system's cache of files, a copy away; with less, large tables push out what every statement needs.
 */
const sharedBuffers = ['-c', 'shared_buffers=32MB']

async function open(): Promise<PGlite> {
  const database = await PGlite.create({
    dataDir: settings.folder,
    extensions: { vector, pg_trgm },
    startParams: [...PGlite.defaultStartParams, ...sharedBuffers],
  })
  tell({ kind: 'ready' })
  return database
}

async function handle(message: ToWorker): Promise<void> {
  const database = await opened
  if (message.kind === 'close') {
    await database.close()
    tell({ kind: 'closed' })
    port?.close()
    return
  }
  if (message.fresh) {
    await database.exec('rollback')
    await database.exec('discard all')
  }
  const answer = await database.execProtocolRaw(message.bytes)
  // Copied: the answer may be a view into the memory of the WebAssembly module.
  const bytes = answer.slice()
  tell({ kind: 'bytes', connection: message.connection, bytes }, [bytes.buffer])
}

const failed = (error: unknown) =>
  tell({ kind: 'failed', message: error instanceof Error ? error.message : String(error) })

const opened = open()
let last: Promise<void> = opened.then(() => undefined, failed)
port.on('message', (message: ToWorker) => {
  last = last.then(() => handle(message)).catch(failed)
})
