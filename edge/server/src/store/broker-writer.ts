import type { BrokerChange } from '../ports.ts'
import type { Database } from './database.ts'
import { noteAlarmsTold } from './untold-alarms.ts'

/** Writes what the broker keeps. Belongs inside the commit of its flight, like every write. */
export class BrokerWriter {
  readonly #database: Database
  readonly #statements

  constructor(database: Database) {
    this.#database = database
    this.#statements = prepareAll(database)
  }

  /** Every change is one that may come twice: after a failed commit the broker sends its changes again. */
  apply(change: BrokerChange): void {
    const statements = this.#statements
    switch (change.kind) {
      case 'session': {
        const { clientId, login, subscriptions, seenMs } = change.session
        statements.session.run(clientId, login, JSON.stringify(subscriptions), seenMs)
        return
      }
      case 'session_gone':
        statements.sessionGone.run(change.clientId)
        statements.queueGone.run(change.clientId)
        statements.unreleasedGone.run(change.clientId)
        return
      case 'enqueue': {
        const { clientId, messageId, state, packet } = change.message
        statements.enqueue.run(clientId, messageId, state, packet)
        return
      }
      case 'released':
        statements.released.run(change.clientId, change.messageId)
        return
      case 'dequeue':
        statements.dequeue.run(change.clientId, change.messageId)
        return
      case 'retain':
        if (change.packet === null) statements.retainedGone.run(change.topic)
        else statements.retain.run(change.topic, change.packet)
        return
      case 'will':
        statements.will.run(change.will.clientId, change.will.login, change.will.packet)
        return
      case 'will_gone':
        statements.willGone.run(change.clientId)
        return
      case 'inbound_taken':
        statements.taken.run(change.session, change.messageId)
        return
      case 'inbound_released':
        statements.inboundReleased.run(change.session, change.messageId)
        return
      case 'alarms_told':
        noteAlarmsTold(this.#database, change.recordsSeq)
    }
  }
}

function prepareAll(database: Database) {
  return {
    session: database.prepare<[string, string, string, number]>(
      'insert or replace into broker_sessions values (?, ?, ?, ?)',
    ),
    sessionGone: database.prepare<[string]>('delete from broker_sessions where client_id = ?'),
    queueGone: database.prepare<[string]>('delete from broker_queue where client_id = ?'),
    unreleasedGone: database.prepare<[string]>('delete from unreleased where session = ?'),
    enqueue: database.prepare<[string, number, string, Uint8Array]>(
      'insert or replace into broker_queue (client_id, message_id, state, packet) values (?, ?, ?, ?)',
    ),
    released: database.prepare<[string, number]>(
      "update broker_queue set state = 'pubrel', packet = x'' where client_id = ? and message_id = ?",
    ),
    dequeue: database.prepare<[string, number]>('delete from broker_queue where client_id = ? and message_id = ?'),
    retain: database.prepare<[string, Uint8Array]>('insert or replace into broker_retained values (?, ?)'),
    retainedGone: database.prepare<[string]>('delete from broker_retained where topic = ?'),
    will: database.prepare<[string, string, Uint8Array]>('insert or replace into broker_wills values (?, ?, ?)'),
    willGone: database.prepare<[string]>('delete from broker_wills where client_id = ?'),
    taken: database.prepare<[string, number]>('insert or ignore into unreleased values (?, ?)'),
    inboundReleased: database.prepare<[string, number]>('delete from unreleased where session = ? and message_id = ?'),
  }
}
