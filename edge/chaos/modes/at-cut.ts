import type { Ledger } from '../publisher/ledger.ts'
import type { ConnectionRecord, Publisher } from '../publisher/publisher.ts'
import { SessionState } from '../publisher/session.ts'
import type { UnderWay } from '../publisher/session.ts'
import type { Entry } from '../shim/log.ts'

export interface AtCut {
  readonly ledgers: readonly Ledger[]
  /** What each publisher had under way, by its name. */
  readonly sessions: ReadonlyMap<string, SessionState>
}

/**
 * What the publishers knew when the current went: what had left the appliance by then, as the log has it among its writes
 * and syncs. A publisher that had heard less would send more again; that can only lose less.
 *
 * @param before ledgers as they were when the run began
 * @param entries the log up to the cut
 */
export function atCut(
  before: readonly Ledger[],
  publishers: readonly Pick<Publisher, 'ledger' | 'kind' | 'record'>[],
  entries: readonly Entry[],
): AtCut {
  const ledgers = before.map((ledger) => ledger.copy())
  const sessions = new Map<string, SessionState>()
  const byPort = new Map<number, (bytes: Buffer) => void>()
  publishers.forEach((publisher, index) => {
    const ledger = ledgers[index]
    const { record, kind } = publisher
    if (ledger === undefined || record === null) return
    ledger.sentUpTo(publisher.ledger.sentCount)
    const session = new SessionState(everSent(record))
    sessions.set(kind.name, session)
    byPort.set(record.localPort, (bytes) =>
      session.receive(bytes, { acknowledged: (message) => ledger.acknowledge(message) }),
    )
  })
  const byFd = new Map<number, (bytes: Buffer) => void>()
  for (const entry of entries) {
    if (entry.kind === 'accepted') {
      const hear = byPort.get(entry.port)
      if (hear === undefined) byFd.delete(entry.fd)
      else byFd.set(entry.fd, hear)
    } else if (entry.kind === 'sent') byFd.get(entry.fd)?.(entry.data)
  }
  for (const { kind } of publishers) {
    const session = sessions.get(kind.name)
    if (session !== undefined) sessions.set(kind.name, firstOf(session, kind.window))
  }
  return { ledgers, sessions }
}

/** All messages of a connection; QoS 0 has no packet ids and nothing under way. */
function everSent(record: ConnectionRecord): ReadonlyMap<number, UnderWay> {
  const all = new Map<number, UnderWay>(record.began.underWay)
  for (const { id, message, payload } of record.sent) {
    if (id === 0) continue
    if (all.has(id)) throw new RangeError(`the packet id ${id} came around twice in one run; make the run shorter`)
    all.set(id, { message, payload, phase: 'publish' })
  }
  return all
}

/** Later ones were sent only because acknowledgements came that had not left by the cut. */
function firstOf(session: SessionState, window: number): SessionState {
  const first = [...session.underWay].slice(0, window)
  return new SessionState(new Map(first), (Math.max(0, ...first.map(([id]) => id)) % 65_535) + 1)
}
