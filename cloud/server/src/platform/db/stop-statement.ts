import { once } from 'node:events'
import type { EventEmitter } from 'node:events'
import { Client } from 'pg'
import type { PoolClient } from 'pg'

/** What the types of `pg` leave out, of the client that works and of the connection that says so. */
interface Working {
  readonly host: string
  readonly port: number
  readonly ssl: boolean | object
  readonly processID: number
  readonly secretKey: number
}
interface Line extends EventEmitter {
  readonly stream: { destroy(): void }
  connect(port: number | string, host?: string): void
  requestSsl(): void
  cancel(processId: number, secretKey: number): void
}

/** The server hears it at once or is away; its own time limit of the statement holds all the same. */
const hearMsMax = 2_000

/**
 * Has the server stop what it does for this client (PostgreSQL's CancelRequest, over a connection of its own, as encrypted as the client's). The server closes that
 * connection once it has heard: nothing may be sent by the client before this is over, or it could be what is stopped. Whether there was anything to stop, the
 * client itself is told. Never rejects.
 * @returns whether the server has heard it; where it has not, it may do so at any time, and nobody may use the client again
 */
export async function stopStatement(client: PoolClient): Promise<boolean> {
  const { host, port, ssl, processID, secretKey } = client as unknown as Working
  const line = new Client({ host, port, ssl }).connection as unknown as Line
  const said = () => line.cancel(processID, secretKey)
  // The server may close it in the middle of TLS, and no answer is expected.
  line.on('error', () => undefined)
  line.once('connect', ssl === false ? said : () => line.requestSsl())
  line.once('sslconnect', said)
  const heard = once(line, 'end', { signal: AbortSignal.timeout(hearMsMax) })
  if (host.startsWith('/')) line.connect(`${host}/.s.PGSQL.${port}`)
  else line.connect(port, host)
  try {
    await heard
    return true
  } catch {
    line.stream.destroy()
    return false
  }
}
