import type { DropReason, Lane, LanePoint, Receipt, ReceiptJudgement, Refusal } from '@jidoka/sync-protocol'

/** Time and chance, handed in with every input. */
export interface Surroundings {
  /** Milliseconds that only grow; for waits. */
  readonly nowMs: number
  /** Wall clock, milliseconds since 1970 UTC; only for what people read. */
  readonly wallMs: number
  /** 0 <= random < 1, fresh for every input. */
  readonly random: number
}

/** Why a request brought no answer that counts. */
export type Failure =
  /** Nothing came back: refused connection, no name, broken off. */
  | { readonly kind: 'network'; readonly cause: string }
  | { readonly kind: 'timeout' }
  /** Something answered, but not as the cloud does: a proxy's page, a broken body. */
  | { readonly kind: 'strange_answer'; readonly status: number; readonly retryAfterMs: number | null }
  | { readonly kind: 'refused'; readonly refusal: Refusal }

/** What the shell tells the engine. An input that carries a `flight` answers the effect with the same; a late one is passed over. */
export type UplinkInput =
  /** The lane now ends with this number; told after the commit. */
  | { readonly kind: 'appended'; readonly lane: Lane; readonly lastSeq: number }
  /** The time that the last `wake` asked for has come. Also the first input after a start. */
  | { readonly kind: 'wake' }
  | { readonly kind: 'cursor_known'; readonly flight: number; readonly lanes: Readonly<Record<Lane, CursorNews>> }
  | { readonly kind: 'cursor_failed'; readonly flight: number; readonly failure: Failure }
  /** `bytes`: as stored. `fromSeq` may lie before the number that was asked for (inside a segment), never behind it. */
  | {
      readonly kind: 'batch_read'
      readonly lane: Lane
      readonly flight: number
      readonly fromSeq: number
      readonly toSeq: number
      readonly bytes: number
    }
  /** The rows that were asked for are gone for good, up to `toSeq`; `fromSeq` is the number that was asked for. */
  | {
      readonly kind: 'range_gone'
      readonly lane: Lane
      readonly flight: number
      readonly fromSeq: number
      readonly toSeq: number
      readonly reason: DropReason
    }
  | { readonly kind: 'read_failed'; readonly lane: Lane; readonly flight: number; readonly cause: string }
  | {
      readonly kind: 'receipted'
      readonly lane: Lane
      readonly flight: number
      readonly receipt: Receipt
      readonly judgement: ReceiptJudgement
    }
  | { readonly kind: 'send_failed'; readonly lane: Lane; readonly flight: number; readonly failure: Failure }

/** One lane of a cursor answer. `judgement` is of `receipt`; of null it is passed over. */
export interface CursorNews {
  readonly point: LanePoint
  readonly receipt: Receipt | null
  readonly judgement: ReceiptJudgement
}

/** What the engine asks of the shell, to be carried out in order. */
export type UplinkEffect =
  /** `GET` the cursor; answered by `cursor_known` or `cursor_failed`. */
  | { readonly kind: 'ask_cursor'; readonly flight: number; readonly timeoutMs: number }
  /** Read rows from `fromSeq` on, at least one, about `bytesMax` as stored; answered by `batch_read`, `range_gone` or `read_failed`. */
  | {
      readonly kind: 'read_batch'
      readonly lane: Lane
      readonly flight: number
      readonly fromSeq: number
      readonly bytesMax: number
    }
  /** Post what this flight has read, or with `drop` the news that the range is gone; answered by `receipted` or `send_failed`. */
  | {
      readonly kind: 'send'
      readonly lane: Lane
      readonly flight: number
      readonly fromSeq: number
      readonly toSeq: number
      readonly drop: DropReason | null
      readonly timeoutMs: number
    }
  /** Keep the receipt on disk; rows up to it may be pruned after that. */
  | { readonly kind: 'store_receipt'; readonly lane: Lane; readonly receipt: Receipt }
  /**
   * The cloud was set back behind what it had receipted (restored from a backup). Keep its point and receipt instead of ours; with a
   * receipt of null forget ours. What lies above the point may not be pruned until it is receipted again.
   */
  | { readonly kind: 'adopt_cursor'; readonly lane: Lane; readonly point: LanePoint; readonly receipt: Receipt | null }
  /** Append an `outage` record: open (`toMs` null) or, with the same `fromMs`, closed. */
  | {
      readonly kind: 'record_outage'
      readonly fromMs: number
      readonly toMs: number | null
      readonly cause: string
      readonly rowsWaiting: number
    }
  /** Give the input `wake` after this time, in place of any earlier wish. */
  | { readonly kind: 'wake'; readonly afterMs: number }

/**
 * `resuming`: where the cloud stands must be known first. `idle`: everything is receipted. `gathering`: a batch is not yet worth its request. `reading`: from the journal. `sending`: on the
 * line. `waiting`: told to, or after a failure that a repeat may mend. `halted`: a person is needed; tried again slowly.
 */
export type LaneState = 'resuming' | 'idle' | 'gathering' | 'reading' | 'sending' | 'waiting' | 'halted'

/** Why a lane does not move. */
export type LaneProblem =
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  /** Same sequence numbers, different rows. */
  | { readonly kind: 'diverged'; readonly seq: number }
  /** The cloud has rows that this edge never wrote: an old image of it runs without a new epoch. */
  | { readonly kind: 'cloud_ahead'; readonly cloudSeq: number }
  | { readonly kind: 'forged_receipt' }
  | { readonly kind: 'unreadable'; readonly cause: string }

export interface LaneUplink {
  readonly state: LaneState
  /** The last point that the cloud has receipted; what is next to send begins behind it. */
  readonly confirmed: LanePoint
  /** Last row of the journal. */
  readonly lastSeq: number
  readonly flight: number
  /** Of the flight on the line, as stored; for the size of the next. */
  readonly flightBytes: number
  readonly sentAtMs: number
  readonly bytesMax: number
  /** Failures since the last success. */
  readonly tries: number
  /** Of `gathering`, `waiting` and `halted`. */
  readonly waitUntilMs: number
  /** Of `waiting`: read again what was not taken, or ask first where the cloud stands. */
  readonly afterWait: 'read' | 'resume'
  readonly problem: LaneProblem | null
}

/** `settled`: no lane waits for the cursor. */
export type LinkState = 'settled' | 'asking' | 'waiting'

export interface Link {
  readonly state: LinkState
  readonly flight: number
  /** The lanes that the question was asked for, with their flight then. An answer is too old for a lane that has moved since. */
  readonly askedFor: readonly { readonly lane: Lane; readonly flight: number }[]
  readonly tries: number
  /** Of `waiting`: the next try. Of `settled`: the next heartbeat. */
  readonly waitUntilMs: number
  readonly problem: LaneProblem | null
}

export interface Outage {
  readonly fromMs: number
  /** Monotonic beginning; null of one that began before this start of the program. */
  readonly sinceMs: number | null
  readonly cause: string
  /** Whether the ledger knows of it. */
  readonly recorded: boolean
}

export interface UplinkState {
  readonly lanes: Readonly<Record<Lane, LaneUplink>>
  readonly link: Link
  /** Null while the cloud answers. */
  readonly outage: Outage | null
  /** What the last `wake` asked for, on the monotonic clock. */
  readonly wakeAtMs: number | null
}

/** Anything but a plain refusal means that the cloud was not reached. */
export const isOffline = (failure: Failure): boolean => failure.kind !== 'refused'

export function describeFailure(failure: Failure): string {
  if (failure.kind === 'network') return failure.cause
  if (failure.kind === 'timeout') return 'no answer in time'
  if (failure.kind === 'refused') return `refused: ${failure.refusal.kind}`
  return `an answer that is not the cloud's (HTTP ${failure.status})`
}
