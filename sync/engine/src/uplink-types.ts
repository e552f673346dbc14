import type {
  DropReason,
  Lane,
  LanePoint,
  Receipt,
  ReceiptJudgement,
  Refusal,
  Trouble,
  TroubleKind,
} from '@jidoka/sync-protocol'

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
  /** Somebody has reason to believe that the cloud answers otherwise now: a person who presses "try now", the way down that was refused. */
  | { readonly kind: 'poke' }
  | {
      readonly kind: 'cursor_known'
      readonly flight: number
      readonly lanes: Readonly<Record<Lane, CursorNews>>
      /** Of the cursor; empty where it has none. */
      readonly troubles: readonly Trouble[]
    }
  | { readonly kind: 'cursor_failed'; readonly flight: number; readonly failure: Failure }
  /**
   * `bytes`: as stored. `fromSeq` may lie before the number that was asked for (inside a segment), never behind it. `single`: it is one
   * segment or one record, and cannot be cut further.
   */
  | {
      readonly kind: 'batch_read'
      readonly lane: Lane
      readonly flight: number
      readonly fromSeq: number
      readonly toSeq: number
      readonly bytes: number
      readonly single: boolean
    }
  /** The bytes of a row that the cloud cannot read are kept apart, and it is noted as gone (`poison`). */
  | { readonly kind: 'set_aside_done'; readonly lane: Lane; readonly flight: number }
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
  /** A receipt that came another way, in a courier file; judged as any other. */
  | {
      readonly kind: 'receipt_brought'
      readonly lane: Lane
      readonly receipt: Receipt
      readonly judgement: ReceiptJudgement
    }
  /** Rows up to here have left in a courier's file; noted on disk before, as of those that leave on the line. */
  | { readonly kind: 'exported'; readonly lane: Lane; readonly toSeq: number }
  /** A `report_trouble` did not reach the cloud; it is told again when the lane halts again. */
  | { readonly kind: 'report_failed'; readonly lane: Lane }

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
  /** Read rows from `fromSeq` on, at least one, about `bytesMax` as stored; with `single` one segment or record. Answered by `batch_read`, `range_gone` or `read_failed`. */
  | {
      readonly kind: 'read_batch'
      readonly lane: Lane
      readonly flight: number
      readonly fromSeq: number
      readonly bytesMax: number
      readonly single: boolean
    }
  /**
   * The cloud refuses these rows for ever (`detail`). Keep their bytes apart, and note the range as gone with the reason `poison`, so that a start after a
   * crash finds it so; answered by `set_aside_done` or `read_failed`. The lane then tells the cloud.
   */
  | {
      readonly kind: 'set_aside'
      readonly lane: Lane
      readonly flight: number
      readonly fromSeq: number
      readonly toSeq: number
      readonly detail: string
    }
  /**
   * Post what this flight has read, or with `drop` the news that the range is gone; answered by `receipted` or `send_failed`. `base` and
   * `startSeq` are for the header, towards a cloud of protocol 1.2 or later.
   */
  | {
      readonly kind: 'send'
      readonly lane: Lane
      readonly flight: number
      readonly fromSeq: number
      readonly toSeq: number
      readonly drop: DropReason | null
      readonly base: LanePoint
      readonly startSeq: number
      readonly timeoutMs: number
    }
  /** Keep the receipt on disk; rows up to it may be pruned after that. */
  | { readonly kind: 'store_receipt'; readonly lane: Lane; readonly receipt: Receipt }
  /**
   * The cloud was set back behind what it had receipted (restored from a backup). Keep its point and receipt instead of ours; with a
   * receipt of null forget ours. What lies above the point may not be pruned until it is receipted again.
   */
  | { readonly kind: 'adopt_cursor'; readonly lane: Lane; readonly point: LanePoint; readonly receipt: Receipt | null }
  /** Keep on disk what the lane knows of two histories, for `doubt` of the next start in this epoch; no doubt takes what is kept away. */
  | { readonly kind: 'note_doubt'; readonly lane: Lane; readonly doubt: Doubt }
  /** Post a trouble report. Not answered; `report_failed` when it did not arrive. `held`: the last point that both ends had agreed upon. */
  | {
      readonly kind: 'report_trouble'
      readonly lane: Lane
      readonly trouble: TroubleKind
      readonly seq: number
      readonly held: LanePoint
    }
  /** Append an `outage` record: open (`toMs` null) or, with the same `fromMs`, closed, or closed and `drained`. */
  | {
      readonly kind: 'record_outage'
      readonly fromMs: number
      readonly toMs: number | null
      readonly cause: string
      readonly rowsWaiting: number
      readonly drained: Drained | null
    }
  /** Give the input `wake` after this time, in place of any earlier wish. */
  | { readonly kind: 'wake'; readonly afterMs: number }

/** What became of the rows that waited when an outage ended. */
export interface Drained {
  /** Wall clock, counted on from the outage's end by the clock that does not jump. */
  readonly atMs: number
  /** Rows of them that were dropped since it began, by reason. */
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>
  readonly receipted: Readonly<Record<Lane, number>>
}

/**
 * `resuming`: where the cloud stands must be known first. `idle`: everything is receipted. `gathering`: a batch is not yet worth its request. `reading`: from the journal. `sending`: on the
 * line. `setting_aside`: rows that the cloud cannot read are being kept apart. `waiting`: told to, or after a failure that a repeat may mend. `halted`: a person is needed; tried again slowly.
 */
export type LaneState =
  | 'resuming'
  | 'idle'
  | 'gathering'
  | 'reading'
  | 'sending'
  | 'setting_aside'
  | 'waiting'
  | 'halted'

/** Why a lane does not move. */
export type LaneProblem =
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  /** Same sequence numbers, different rows. */
  | { readonly kind: 'diverged'; readonly seq: number }
  /** The cloud has rows that this edge never wrote: an old image of it runs without a new epoch. */
  | { readonly kind: 'cloud_ahead'; readonly cloudSeq: number }
  | { readonly kind: 'forged_receipt' }
  | { readonly kind: 'unreadable'; readonly cause: string }
  /** More rows than the limit were set aside within a day: it is the cloud that cannot read, not the rows that are bad. */
  | { readonly kind: 'poison_limit'; readonly seq: number; readonly detail: string }

/** A batch on the line. */
export interface Flying {
  readonly fromSeq: number
  readonly toSeq: number
  /** As stored; for the size of the next. */
  readonly bytes: number
  readonly single: boolean
  readonly drop: DropReason | null
}

/** How a lane does with rows that the cloud cannot read. */
export interface Poison {
  /** When the first was refused since rows last got through; null: none. */
  readonly sinceMs: number | null
  /** Up to here rows are sent one by one. */
  readonly singlesUpToSeq: number
  /** Of the row that is behind `confirmed`. */
  readonly tries: number
  /** Rows that were set aside since `dayFromMs`; null: the day begins with the next. */
  readonly setAside: number
  readonly dayFromMs: number | null
}

export interface LaneUplink {
  readonly state: LaneState
  /** First number of the epoch. */
  readonly startSeq: number
  /** The last point that the cloud has receipted; what is next to send begins behind it. */
  readonly confirmed: LanePoint
  /** Last row of the journal. */
  readonly lastSeq: number
  /** Last row that may have left this appliance; what the cloud has beyond it came from another copy. Infinite where it is not known. */
  readonly sentSeq: number
  readonly flight: number
  /** Of `sending`, and of the last one after it. */
  readonly flying: Flying | null
  readonly sentAtMs: number
  readonly bytesMax: number
  /** Failures since the last success. */
  readonly tries: number
  /** Of `gathering`, `waiting` and `halted`. */
  readonly waitUntilMs: number
  /** Of `waiting`: read again what was not taken, or ask first where the cloud stands. */
  readonly afterWait: 'read' | 'resume'
  readonly problem: LaneProblem | null
  /** What the cloud was told of since the lane last moved. */
  readonly reported: TroubleKind | null
  /** This end has seen two histories since the lane last moved; the cloud has told of them with its last cursor. Either way only what is proved counts (S20). */
  readonly seesTwo: boolean
  readonly isToldOfTwo: boolean
  readonly poison: Poison
  /** Where `confirmed` stood in the last minute of a drain, the newest last. */
  readonly progress: readonly { readonly atMs: number; readonly seq: number }[]
}

/** What a lane knows of two histories. It outlives a restart: without a line a courier's file is the first that is heard after it (S20). */
export type Doubt = Pick<LaneUplink, 'seesTwo' | 'isToldOfTwo'>

/** `settled`: no lane waits for the cursor. */
export type LinkState = 'settled' | 'asking' | 'waiting'

export interface Link {
  readonly state: LinkState
  readonly flight: number
  /** The lanes that the question was asked for, with their flight then. An answer is too old for a lane that has moved since. */
  readonly askedFor: readonly { readonly lane: Lane; readonly flight: number }[]
  readonly askedAtMs: number
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

/** An outage that is over, whose rows are not all receipted yet. */
export interface Draining {
  readonly fromMs: number
  readonly toMs: number
  /** Monotonic end. */
  readonly endedAtMs: number | null
  readonly cause: string
  readonly rowsWaiting: number
  /** Last row of each lane when it ended. */
  readonly lastSeqs: Readonly<Record<Lane, number>>
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>
  /** Up to here drops have been counted, so that one that is sent again does not count twice. */
  readonly droppedUpTo: Readonly<Record<Lane, number>>
}

export interface UplinkState {
  readonly lanes: Readonly<Record<Lane, LaneUplink>>
  readonly link: Link
  /** Null while the cloud answers. */
  readonly outage: Outage | null
  /** In the order in which they ended. */
  readonly draining: readonly Draining[]
  /** What the cloud says of the two ends' histories, until a person settles it there. */
  readonly troubles: readonly Trouble[]
  /** When the last input came; for rates. */
  readonly atMs: number
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
