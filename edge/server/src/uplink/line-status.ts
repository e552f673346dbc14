import type { Clock } from '@jidoka/base'
import type { LineToCloud } from '@jidoka/contract'
import { describeProblem, uplinkStatus } from '@jidoka/sync-engine'
import type { UplinkState } from '@jidoka/sync-engine'
import type { Receipt } from '@jidoka/sync-protocol'
import { instant } from '../board/views.ts'

export type LineState = LineToCloud['state']

/** How the line to the cloud stands, as the screens show it. Told by enrolment, uplink and downlink. */
export class LineStatus {
  readonly #clock: Clock
  #state: LineState
  #sinceMs: number
  #problem: string | null
  #receipt: Receipt | null = null
  readonly #confirmed = { records: 0, readings: 0 }

  constructor(clock: Clock, state: LineState, problem: string | null) {
    this.#clock = clock
    this.#state = state
    this.#problem = problem
    this.#sinceMs = clock.nowMs()
  }

  set(state: LineState, problem: string | null, sinceMs: number = this.#clock.nowMs()): void {
    if (state !== this.#state) [this.#state, this.#sinceMs] = [state, sinceMs]
    this.#problem = problem
  }

  /** Of the uplink's engine. A lane that a person must mend counts as offline: nothing moves on it. */
  follow(uplink: UplinkState): void {
    const { online, offlineSinceMs, cause, lanes } = uplinkStatus(uplink)
    for (const lane of lanes) this.#confirmed[lane.lane] = lane.receiptedSeq
    const halted = lanes.find((lane) => lane.problem !== null && (lane.state === 'halted' || lane.state === 'resuming'))
    if (offlineSinceMs !== null)
      this.set(
        'offline',
        `The cloud does not answer (${cause ?? 'unknown'}). Everything is kept here and sent when it is back.`,
        offlineSinceMs,
      )
    else if (halted) this.set('offline', halted.problem)
    // Nothing waits to be sent, and the cloud has refused to say where it stands: revoked, say.
    else if (uplink.link.state === 'waiting' && uplink.link.problem !== null)
      this.set('offline', describeProblem(uplink.link.problem))
    else if (online) this.set('online', null)
    else this.set('connecting', null)
  }

  receipted(receipt: Receipt): void {
    if (this.#receipt === null || receipt.received_at_ms >= this.#receipt.received_at_ms) this.#receipt = receipt
    this.#confirmed[receipt.lane] = Math.max(this.#confirmed[receipt.lane], receipt.up_to_seq)
  }

  view(stored: { readonly recordsSeq: number; readonly readingsSeq: number }, disk: LineToCloud['disk']): LineToCloud {
    const lane = (name: 'records' | 'readings', storedSeq: number) => ({
      lane: name,
      stored_seq: storedSeq,
      receipted_seq: this.#confirmed[name],
      waiting_rows: Math.max(0, storedSeq - this.#confirmed[name]),
    })
    const receipt = this.#receipt
    return {
      state: this.#state,
      since: instant(this.#sinceMs),
      problem: this.#problem,
      lanes: [lane('records', stored.recordsSeq), lane('readings', stored.readingsSeq)],
      last_receipt:
        receipt === null
          ? null
          : {
              lane: receipt.lane,
              up_to_seq: receipt.up_to_seq,
              digest: receipt.digest,
              received_at: instant(receipt.received_at_ms),
              key_id: receipt.key_id,
            },
      disk,
    }
  }
}
