import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
import { describeError, OperationalError } from '@jidoka/base'
import type { Log } from '@jidoka/base'

/** A PostgreSQL that the MES lives in. `url` reaches it directly, past whatever fault stands before it. */
export interface MesDatabase {
  readonly url: string
  readonly host: string
  readonly port: number
  /**
   * Called when a write failed. PGlite has one session for all connections: one that was reset in the middle of a
   * transaction can leave it open with nobody to end it, and everybody else would wait for ever.
   */
  recover(): Promise<void>
  close(): Promise<void>
}

const host = '127.0.0.1'

/** 32: an edge takes two or three, a curious person with psql a few more; each is only a socket. */
const connectionsMax = 32
/** A connection that forgot an open transaction would block every other one: PGlite has a single session. */
const idleTimeoutMs = 5 * 60_000

/** PGlite behind its socket server, on a private port of loopback. Without a folder it lives in memory. */
export async function openPglite(dataFolder: string | null, log: Log): Promise<MesDatabase> {
  const db = await openFolder(dataFolder === null ? null : join(dataFolder, 'mes'), log)
  const serve = async (port: number): Promise<PGLiteSocketServer> => {
    const server = new PGLiteSocketServer({
      db,
      host,
      port,
      maxConnections: connectionsMax,
      idleTimeout: idleTimeoutMs,
    })
    await server.start()
    return server
  }
  let server = await serve(0)
  const port = Number(server.getServerConn().split(':').at(-1))
  return {
    url: `postgres://postgres@${host}:${port}/postgres`,
    host,
    port,
    async recover() {
      await server.stop()
      if (db.isInTransaction()) await db.exec('ROLLBACK')
      server = await serve(port)
    },
    async close() {
      await server.stop()
      await db.close()
    },
  }
}

/** A server that is there already. */
export function serverByUrl(url: string): MesDatabase {
  const parsed = URL.parse(url)
  if (parsed === null || !/^postgres(ql)?:$/.test(parsed.protocol) || parsed.hostname === '') {
    throw new OperationalError(
      'The URL of the MES database is not of the form postgres://user:password@host:5432/database.',
    )
  }
  return {
    url,
    host: parsed.hostname,
    port: Number(parsed.port || 5_432),
    recover: async () => {},
    close: async () => {},
  }
}

async function openFolder(folder: string | null, log: Log): Promise<PGlite> {
  if (folder === null) return PGlite.create()
  try {
    return await PGlite.create(folder)
  } catch (error) {
    // PGlite never calls fsync, so a power cut can break its folder. A made-up plant's MES is worth nothing: begin anew.
    log.warn({ error: describeError(error), folder }, 'the MES folder cannot be opened and is made anew')
    rmSync(folder, { recursive: true, force: true })
    return PGlite.create(folder)
  }
}
