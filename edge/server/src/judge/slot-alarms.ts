import { unjudged } from '@jidoka/domain'
import type { Alarm, AlarmAction } from '@jidoka/domain'
import type { AlarmOutcome } from '../ports.ts'
import { AlarmBook } from './alarm-book.ts'
import type { Slot } from './rule-instance.ts'
import type { JudgeSink } from './sink.ts'

/** Brings alarms in line with what stands, also where that has to wait: for the end of a cool-down, or after a person has acted. */
export class SlotAlarms {
  readonly #book = new AlarmBook()
  /** Slots to look at in the next sweep. */
  #waiting = new Set<Slot>()

  load(alarms: Iterable<Alarm>): void {
    this.#book.load(alarms)
  }

  forget(): void {
    this.#waiting.clear()
    this.#book.load([])
  }

  lookAgain(slot: Slot): void {
    this.#waiting.add(slot)
  }

  /** What a person does with an alarm. `slotOf`: where it was raised, if a rule still speaks for that. */
  act(
    alarmId: string,
    action: AlarmAction,
    actor: string,
    sink: JudgeSink,
    slotOf: (alarm: Alarm) => Slot | undefined,
  ): AlarmOutcome {
    const outcome = this.#book.act(alarmId, action, actor, sink.nowMs, (alarm) => sink.alarm(alarm))
    // Back from the shelf it stands as unacknowledged, though the process may have returned meanwhile.
    const slot = 'done' in outcome ? slotOf(outcome.done) : undefined
    if (slot !== undefined) this.#waiting.add(slot)
    return outcome
  }

  /** What stands at a slot may have changed. UNJUDGED neither raises nor returns: nothing is known of the process. */
  update(slot: Slot, sink: JudgeSink): void {
    this.#waiting.delete(slot)
    const { judgment } = slot
    if (judgment === null || slot.standingStatus === unjudged) return
    const { id, alarms, cool_down_s: coolDownS } = slot.rule.definition
    const priority = alarms[judgment.status]
    const tell = (alarm: Alarm) => sink.alarm(alarm)
    if (priority === undefined) {
      if (!this.#book.return(id, slot.subject, sink.nowMs, tell)) return
      slot.coolDownUntilMs = sink.nowMs + coolDownS * 1_000
      sink.slotChanged(slot)
      return
    }
    const isNew = this.#book.open(id, slot.subject) === undefined
    // Still in cool-down: a sweep raises it when that is over and the process is still in alarm. With more left of it than it
    // is long, the clock was set back, which must not hold an alarm back.
    const coolDownLeftMs = slot.coolDownUntilMs - sink.nowMs
    if (isNew && coolDownLeftMs > 0 && coolDownLeftMs <= coolDownS * 1_000) {
      this.#waiting.add(slot)
      return
    }
    this.#book.activate(judgment, priority, sink.nowMs, tell)
  }

  sweep(sink: JudgeSink): void {
    const looked = this.#waiting
    this.#waiting = new Set()
    for (const slot of looked) this.update(slot, sink)
  }

  /** Nothing is said of this subject any more. */
  retire(slot: Slot, sink: JudgeSink): void {
    this.#waiting.delete(slot)
    this.#book.return(slot.rule.definition.id, slot.subject, sink.nowMs, (alarm) => sink.alarm(alarm))
  }
}
