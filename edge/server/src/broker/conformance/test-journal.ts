import type { Alarm } from '@jidoka/domain'
import Sqlite from 'better-sqlite3'
import type { BrokerState, Inbound } from '../../ports.ts'
import { readBrokerState } from '../../store/broker-reader.ts'
import { brokerTables } from '../../store/broker-tables.ts'
import { BrokerWriter } from '../../store/broker-writer.ts'
import { StoreProblemError } from '../../store/errors.ts'
import type { BrokerOptions } from '../broker.ts'

type Pipeline = BrokerOptions['pipeline']

/**
 * A journal whose commits a test can hold back: the real tables of the broker in a database of memory, and a list for
 * readings. What a test kills is the broker alone; what was committed is what the next one finds.
 */
export class TestJournal implements Pipeline {
  readonly ingested: Inbound[] = []
  /** What is asked to be watched, as it was said. */
  readonly watched: boolean[] = []
  commits = 0
  readonly #database = new Sqlite(':memory:')
  readonly #writer: BrokerWriter
  readonly #listeners = new Set<(problem: string | null) => void>()
  #due: (() => void)[] = []
  #isHeld = false
  #isBroken = false

  constructor() {
    this.#database.exec(
      `${brokerTables}
      create table unreleased (session text not null, message_id integer not null, primary key (session, message_id)) without rowid;
      create table meta (name text primary key, value text not null) without rowid;
      create table lanes (lane text primary key, next_seq integer not null) without rowid;
      insert into lanes values ('records', 1);
      create table records (seq integer primary key, at_ms integer not null, kind text not null, line text not null, crc integer);`,
    )
    this.#writer = new BrokerWriter(this.#database)
  }

  readonly ingest: Pipeline['ingest'] = (message, done) => {
    const own = { ...message, payload: Uint8Array.from(message.payload) }
    this.#commit(() => {
      if (this.#isBroken) return done(problem())
      this.ingested.push(own)
      if (own.qos === 2 && own.delivery !== undefined) {
        const { session, messageId } = own.delivery
        this.#writer.apply({ kind: 'inbound_taken', session, messageId })
      }
      done(null)
    })
  }

  readonly changeBroker: Pipeline['changeBroker'] = (changes) =>
    new Promise((resolve, reject) =>
      this.#commit(() => {
        if (this.#isBroken) return reject(problem())
        this.commits++
        for (const change of changes) this.#writer.apply(change)
        resolve()
      }),
    )

  readonly onStoreProblem: Pipeline['onStoreProblem'] = (listener) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  readonly watchVerdicts: Pipeline['watchVerdicts'] = (wanted) => void this.watched.push(wanted)

  /** A commit of the rules' side, which no hold keeps back. Answers the number of its last record. */
  commitAlarm(alarm: Alarm): number {
    const { next_seq: seq } = this.#database
      .prepare<[], { next_seq: number }>('update lanes set next_seq = next_seq + 1 returning next_seq - 1 as next_seq')
      .get() ?? { next_seq: 0 }
    const line = JSON.stringify({ seq, at_ms: alarm.changed_at_ms, kind: 'alarm', body: alarm })
    this.#database.prepare("insert into records values (?, ?, 'alarm', ?, null)").run(seq, alarm.changed_at_ms, line)
    return seq
  }

  brokerState(): BrokerState {
    return readBrokerState(this.#database)
  }

  /** Nothing is committed until `release`. */
  hold(): void {
    this.#isHeld = true
  }

  /** How many commits wait. */
  get heldCount(): number {
    return this.#due.length
  }

  release(): void {
    this.#isHeld = false
    for (const commit of this.#due.splice(0)) commit()
  }

  /** The store fails, until `mend`. */
  break(): void {
    this.#isBroken = true
    for (const listener of this.#listeners) listener('The disk is full.')
  }

  mend(): void {
    this.#isBroken = false
    for (const listener of this.#listeners) listener(null)
  }

  /** What this broker has asked for and was not told of is never done: its process is gone. */
  forgetHeld(): void {
    this.#due = []
    this.#isHeld = false
    this.#listeners.clear()
  }

  close(): void {
    this.#database.close()
  }

  #commit(commit: () => void): void {
    if (this.#isHeld) this.#due.push(commit)
    else setImmediate(() => (this.#isHeld ? this.#due.push(commit) : commit()))
  }
}

const problem = () => new StoreProblemError('full', 'The disk is full.')
