import type { Log } from '@jidoka/base'
import type { BrokerPolicy } from './access.ts'
import type { BrokerJournal } from './broker-journal.ts'
import type { SignedIn } from './connect-check.ts'
import type { BrokerLimits } from './limits.ts'
import type { Link } from './link.ts'
import { findPlace } from './places.ts'
import type { PlaceOutcome } from './places.ts'
import type { Session } from './session.ts'
import type { SessionTable } from './session-table.ts'

export interface ConnectRoomOptions {
  readonly limits: BrokerLimits
  readonly policy: BrokerPolicy
  readonly log: Log
  readonly journal: BrokerJournal
  readonly sessions: SessionTable
  /** All connections, the oldest first. */
  readonly links: () => Iterable<Link>
}

export interface Comer {
  readonly link: Link
  readonly client: SignedIn
  readonly isClean: boolean
  readonly hasWill: boolean
}

/** Whether there is room for a client that has signed in: a connection, a session, and a store that takes what it begins with. */
export class ConnectRoom {
  readonly #options: ConnectRoomOptions

  constructor(options: ConnectRoomOptions) {
    this.#options = options
  }

  /** Makes room for a client; or says why there is none, and leaves everything as it was. */
  make(comer: Comer): string | null {
    const { journal, log, sessions } = this.#options
    if (!journal.hasRoom && this.#writes(comer)) return 'the store takes nothing now'
    const connection = this.#connection(comer)
    if ('refused' in connection) return `no connection is free: ${connection.refused}`
    const session = this.#session(comer)
    if ('refused' in session) return `no session is free: ${session.refused}`
    const { holder } = comer.client
    if (connection.goes !== null) {
      const { client, holder: loser } = connection.goes
      log.warn(
        { action: 'mqtt', client: client.id, login: loser, for: holder },
        'all connections are taken: one of whoever has most was closed for somebody who has fewer',
      )
      connection.goes.close()
    }
    if (session.goes !== null) {
      const { clientId, holder: loser } = session.goes
      log.warn(
        { action: 'mqtt', client: clientId, login: loser, for: holder },
        'too many sessions are kept: the one that was idle longest was forgotten for a new one',
      )
      sessions.drop(session.goes)
    }
    return null
  }

  /** Whether its CONNACK must wait for the store. */
  #writes({ client: { clientId }, isClean, hasWill }: Comer): boolean {
    const { journal, sessions } = this.#options
    if (hasWill || journal.concerns(clientId)) return true
    return (sessions.find(clientId)?.isPersistent === true) === isClean
  }

  #connection({ link, client: { clientId, holder } }: Comer): PlaceOutcome<Link> {
    const { limits, policy, links } = this.#options
    const taken: Link[] = []
    // The one that it takes over from makes room by itself.
    for (const other of links())
      if (other !== link && other.isOpen && other.session !== null && other.session.clientId !== clientId)
        taken.push(other)
    return findPlace({
      taken,
      holder,
      ofAllMax: limits.connectionsMax,
      ofHolderMax: policy === 'open' ? limits.connectionsMax : limits.connectionsOfLoginMax,
      // A connection that works is not ended for another one of the same login: both would come back for ever.
      mayGo: (other) => other.holder !== holder,
    })
  }

  #session({ client: { clientId, holder }, isClean }: Comer): PlaceOutcome<Session> {
    const { limits, policy, links, sessions } = this.#options
    if (isClean || sessions.find(clientId)?.isPersistent === true) return { goes: null }
    const used = new Set<Session>()
    for (const { session } of links()) if (session !== null) used.add(session)
    return findPlace({
      taken: sessions.kept(),
      holder,
      ofAllMax: limits.sessionsMax,
      ofHolderMax: policy === 'open' ? limits.sessionsMax : limits.sessionsOfLoginMax,
      // Clients of one address may be strangers to each other.
      mayGo: (session) => !used.has(session) && (policy === 'devices' || session.holder !== holder),
    })
  }
}
