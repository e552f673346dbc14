import type { BrokerState, StoredSession } from '../ports.ts'
import type { Database } from './database.ts'
import { readUntoldAlarms } from './untold-alarms.ts'

/** What the broker kept, for its start. */
export function readBrokerState(database: Database): BrokerState {
  const all = <Row>(sql: string): Row[] => database.prepare<[], Row>(sql).all()
  return {
    sessions: all<{ client_id: string; login: string; subscriptions: string; seen_ms: number }>(
      'select * from broker_sessions',
    ).map((row) => ({
      clientId: row.client_id,
      login: row.login,
      subscriptions: JSON.parse(row.subscriptions) as StoredSession['subscriptions'],
      seenMs: row.seen_ms,
    })),
    queue: all<{ client_id: string; message_id: number; state: 'publish' | 'pubrel'; packet: Buffer }>(
      'select client_id, message_id, state, packet from broker_queue order by id',
    ).map((row) => ({ clientId: row.client_id, messageId: row.message_id, state: row.state, packet: row.packet })),
    retained: all<{ topic: string; packet: Buffer }>('select topic, packet from broker_retained'),
    wills: all<{ client_id: string; login: string; packet: Buffer }>('select * from broker_wills').map((row) => ({
      clientId: row.client_id,
      login: row.login,
      packet: row.packet,
    })),
    unreleased: all<{ session: string; message_id: number }>('select * from unreleased').map((row) => ({
      session: row.session,
      messageId: row.message_id,
    })),
    untoldAlarms: readUntoldAlarms(database),
  }
}
