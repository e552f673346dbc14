import { alarmTopic } from '@jidoka/contract'
import type { Alarm } from '@jidoka/domain'
import type { BrokerState, StandingVerdict } from '../ports.ts'
import type { BrokerJournal } from './broker-journal.ts'
import { alarmMessage, verdictMessage } from './messages.ts'
import { publishPacket } from './packets.ts'
import { RetainedVerdicts } from './retained-verdicts.ts'
import type { Message, Router } from './router.ts'

/** What the appliance itself says on MQTT: standing verdicts, retained, and alarms. */
export class OwnMessages {
  readonly #router: Router
  readonly #journal: BrokerJournal
  readonly #retainedVerdicts = new RetainedVerdicts()
  #alarmsToldSeq: number

  /** `alarmsToldSeq`: the last record up to which alarms are told. Infinite where `restoreAlarms` is to come, which finds in the store what was before it. */
  constructor(router: Router, journal: BrokerJournal, alarmsToldSeq: number) {
    this.#router = router
    this.#journal = journal
    this.#alarmsToldSeq = alarmsToldSeq
  }

  publishVerdicts(verdicts: readonly StandingVerdict[]): void {
    for (const message of this.#messagesOf(verdicts)) this.#publish(message)
  }

  /**
   * After a start. The retained verdicts are made again from those that stand. One that differs from what was told last was
   * committed just before the stop, and the messages to sessions were not: they are told now.
   */
  restoreVerdicts(verdicts: readonly StandingVerdict[]): void {
    const latest = new Map<string, Message>()
    for (const message of this.#messagesOf(verdicts)) if (message.retain) latest.set(message.topic, message)
    for (const message of latest.values()) {
      const told = this.#router.retained.get(message.topic)
      if (told !== undefined && !Buffer.from(told.payload).equals(message.payload)) this.#publish(message)
      else this.#router.retainVolatile(message)
    }
  }

  /** Alarms of a commit, whose last record is `recordsSeq`. */
  publishAlarms(alarms: readonly Alarm[], recordsSeq: number): void {
    if (alarms.length === 0 || recordsSeq <= this.#alarmsToldSeq) return
    this.#tellAlarms(alarms, recordsSeq)
  }

  /** After a start, when the sessions are there: tells what was committed before the stop, and the messages to sessions were not. */
  restoreAlarms({ alarms, recordsSeq }: BrokerState['untoldAlarms']): void {
    this.#tellAlarms(alarms, recordsSeq)
  }

  /** The mark is noted behind the messages, and also where nobody listens: who subscribes later is not told what was before. */
  #tellAlarms(alarms: readonly Alarm[], recordsSeq: number): void {
    for (const alarm of alarms)
      this.#publish({ topic: alarmTopic(alarm.line), payload: payloadOf(alarmMessage(alarm)), qos: 1, retain: false })
    this.#alarmsToldSeq = recordsSeq
    this.#journal.note({ kind: 'alarms_told', recordsSeq })
  }

  *#messagesOf(verdicts: readonly StandingVerdict[]): Iterable<Message> {
    for (const verdict of verdicts) {
      for (const { topic, verdict: shown, retain } of this.#retainedVerdicts.change(verdict))
        yield { topic, payload: payloadOf(verdictMessage(shown.judgment)), qos: 1, retain }
    }
  }

  /** The journal holds a retained verdict only where a session was told of it; see `restoreVerdicts`. */
  #publish(message: Message): void {
    const before = this.#journal.position
    this.#router.publishVolatile(message)
    if (message.retain && this.#journal.position > before)
      this.#journal.note({ kind: 'retain', topic: message.topic, packet: publishPacket(message) })
  }
}

const payloadOf = (message: object): Buffer => Buffer.from(JSON.stringify(message))
