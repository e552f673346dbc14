import { epochStart, pointOf, samePoint } from '@jidoka/sync-protocol'
import type { Lane, LanePoint, ReceiptJudgement } from '@jidoka/sync-protocol'
import { retryDelayMs } from './back-off.ts'
import { invariant } from './invariant.ts'
import { isInDoubt, noDoubt } from './lane-doubt.ts'
import { noPoison, noteSetAside } from './lane-poison.ts'
import { halt, smaller, wait } from './lane-step.ts'
import type { LaneStep } from './lane-step.ts'
import { takeFailure } from './lane-trouble.ts'
import { uplinkLimits } from './limits.ts'
import { noteProgress } from './progress.ts'
import type { CursorNews, Doubt, Flying, LaneState, LaneUplink, Surroundings, UplinkInput } from './uplink-types.ts'

/** What a lane reacts to; `cursor` is its part of a cursor answer. */
export type LaneInput =
  | Exclude<Extract<UplinkInput, { lane: Lane } | { kind: 'wake' | 'poke' }>, { kind: 'report_failed' | 'exported' }>
  | { readonly kind: 'cursor'; readonly news: CursorNews }
export type LaneInputKind = LaneInput['kind']
type InputOf<Kind extends LaneInputKind> = Extract<LaneInput, { kind: Kind }>

type Handler<Kind extends LaneInputKind> = (
  lane: LaneUplink,
  input: InputOf<Kind>,
  at: Surroundings,
  name: Lane,
) => LaneStep

/** For an input that cannot matter in a state: an answer to a flight that was given up, a wake meant for the other lane. */
const pass = (lane: LaneUplink): LaneStep => ({ lane, effects: [] })

/** What a lane does in each state with each input. A missing cell does not compile. */
export const laneTable: { readonly [State in LaneState]: { readonly [Kind in LaneInputKind]: Handler<Kind> } } = {
  resuming: {
    appended: noteEnd,
    wake: pass,
    poke: pass,
    cursor: resume,
    batch_read: pass,
    range_gone: pass,
    read_failed: pass,
    set_aside_done: pass,
    receipt_brought: takeBrought,
    receipted: pass,
    send_failed: pass,
  },
  idle: {
    appended: noteEndAndGo,
    wake: pass,
    poke: pass,
    cursor: resume,
    batch_read: pass,
    range_gone: pass,
    read_failed: pass,
    set_aside_done: pass,
    receipt_brought: takeBrought,
    receipted: pass,
    send_failed: pass,
  },
  gathering: {
    appended: noteEndAndGo,
    wake: goWhenDue,
    poke: pass,
    cursor: pass,
    batch_read: pass,
    range_gone: pass,
    read_failed: pass,
    set_aside_done: pass,
    receipt_brought: takeBrought,
    receipted: pass,
    send_failed: pass,
  },
  reading: {
    appended: noteEnd,
    wake: pass,
    poke: pass,
    cursor: pass,
    batch_read: sendRows,
    range_gone: sendDrop,
    read_failed: waitForJournal,
    set_aside_done: pass,
    receipt_brought: pass,
    receipted: pass,
    send_failed: pass,
  },
  sending: {
    appended: noteEnd,
    wake: pass,
    poke: pass,
    cursor: pass,
    batch_read: pass,
    range_gone: pass,
    read_failed: pass,
    set_aside_done: pass,
    receipt_brought: pass,
    receipted: takeReceipt,
    send_failed: takeFailure,
  },
  setting_aside: {
    appended: noteEnd,
    wake: pass,
    poke: pass,
    cursor: pass,
    batch_read: pass,
    range_gone: pass,
    read_failed: waitForJournal,
    set_aside_done: sendPoison,
    receipt_brought: pass,
    receipted: pass,
    send_failed: pass,
  },
  waiting: {
    appended: noteEnd,
    wake: goWhenDue,
    poke: resumeNow,
    cursor: pass,
    batch_read: pass,
    range_gone: pass,
    read_failed: pass,
    set_aside_done: pass,
    receipt_brought: takeBrought,
    receipted: pass,
    send_failed: pass,
  },
  halted: {
    appended: noteEnd,
    wake: resumeWhenDue,
    poke: resumeNow,
    cursor: pass,
    batch_read: pass,
    range_gone: pass,
    read_failed: pass,
    set_aside_done: pass,
    receipt_brought: takeBrought,
    receipted: pass,
    send_failed: pass,
  },
}

/** @param name which lane this is, for the effects */
export function laneStep(lane: LaneUplink, input: LaneInput, at: Surroundings, name: Lane): LaneStep {
  if ('flight' in input && input.flight !== lane.flight) return pass(lane)
  const handler = laneTable[lane.state][input.kind] as Handler<LaneInputKind>
  return handler(lane, input, at, name)
}

/** How a lane lies on disk at a start. */
export interface LaneStart {
  /** The point of the stored receipt; without one `epochStart(startSeq)`. */
  readonly confirmed: LanePoint
  /** The last row of the journal. */
  readonly lastSeq: number
  /** First number of the epoch, 1 unless it goes on from an older image. */
  readonly startSeq?: number
  /** The last row that was noted as sent before it left, on the line or in a courier's file. Absent: nobody noted it. */
  readonly sentSeq?: number
  /** Rows that were set aside as poison in the last day, so that a restart does not begin a new one. */
  readonly poisonToday?: number
  /** As the last `note_doubt` of this epoch had it; absent: no doubt was noted. */
  readonly doubt?: Doubt
}

export function newLane(start: LaneStart): LaneUplink {
  const {
    confirmed,
    lastSeq,
    startSeq = 1,
    sentSeq = Number.POSITIVE_INFINITY,
    poisonToday = 0,
    doubt = noDoubt,
  } = start
  invariant(
    lastSeq >= confirmed.seq,
    'the journal ends before what was receipted: it was cut, or belongs to another epoch',
  )
  invariant(confirmed.seq >= startSeq - 1, 'the receipt is of numbers before this epoch')
  return {
    state: 'resuming',
    startSeq,
    confirmed,
    lastSeq,
    sentSeq: Math.max(sentSeq, confirmed.seq),
    flight: 0,
    flying: null,
    sentAtMs: Number.NEGATIVE_INFINITY,
    bytesMax: uplinkLimits.batchBytesAtFirst,
    tries: 0,
    waitUntilMs: 0,
    afterWait: 'read',
    problem: null,
    reported: null,
    ...doubt,
    poison: { ...noPoison, setAside: poisonToday },
    progress: [],
  }
}

/** Records leave at once; readings in bulk. */
const gatherMs: Record<Lane, number> = { records: 0, readings: uplinkLimits.gatherMs }

function noteEnd(lane: LaneUplink, { lastSeq }: InputOf<'appended'>): LaneStep {
  // News may be older than what a batch has shown already.
  return { lane: { ...lane, lastSeq: Math.max(lane.lastSeq, lastSeq) }, effects: [] }
}

function noteEndAndGo(lane: LaneUplink, input: InputOf<'appended'>, at: Surroundings, name: Lane): LaneStep {
  return goOn(noteEnd(lane, input).lane, at, name)
}

/** Reads the next batch, or gathers until one is worth its request, or rests when there is nothing. */
function goOn(lane: LaneUplink, at: Surroundings, name: Lane): LaneStep {
  const rowsWaiting = lane.lastSeq - lane.confirmed.seq
  if (rowsWaiting === 0) return { lane: { ...lane, state: 'idle' }, effects: [] }
  const dueMs = lane.sentAtMs + gatherMs[name]
  if (rowsWaiting < uplinkLimits.gatherRowsMax && at.nowMs < dueMs) {
    return { lane: { ...lane, state: 'gathering', waitUntilMs: dueMs }, effects: [] }
  }
  const flight = lane.flight + 1
  const { confirmed, bytesMax, poison } = lane
  const single = confirmed.seq < poison.singlesUpToSeq
  return {
    lane: { ...lane, state: 'reading', flight },
    effects: [{ kind: 'read_batch', lane: name, flight, fromSeq: confirmed.seq + 1, bytesMax, single }],
  }
}

function resume(lane: LaneUplink, { news }: InputOf<'cursor'>, at: Surroundings, name: Lane): LaneStep {
  const { receipt, judgement } = news
  const start = epochStart(lane.startSeq)
  // A cloud that has nothing of this lane cannot know the number that it begins with.
  const nothing = receipt === null && (news.point.seq === 0 || samePoint(news.point, start))
  const point = nothing ? start : news.point
  // A cursor without the receipt that proves it, or beside it, is not one to build on.
  if (!nothing && (receipt === null || judgement === 'forged' || !samePoint(pointOf(receipt), point)))
    return halt(lane, { kind: 'forged_receipt' }, at, name)
  if (point.seq > lane.lastSeq) return halt(lane, { kind: 'cloud_ahead', cloudSeq: point.seq }, at, name)
  if (samePoint(point, lane.confirmed)) return goOn(moving(lane), at, name)
  // Perhaps set back, perhaps another's rows: where two histories are known of, a point that is not ours proves nothing (S20).
  if (point.seq <= lane.confirmed.seq && isInDoubt(lane))
    return halt(lane, { kind: 'diverged', seq: point.seq }, at, name)
  // A point that was receipted once never changes, unless the cloud was set back and has gone on from there. Ours is void then.
  if (point.seq <= lane.confirmed.seq) {
    const step = goOn({ ...moving(lane), confirmed: point, progress: [] }, at, name)
    return { lane: step.lane, effects: [{ kind: 'adopt_cursor', lane: name, point, receipt }, ...step.effects] }
  }
  invariant(receipt !== null, 'a cursor above the beginning has a receipt')
  if (!isOurs(lane, point, judgement)) return halt(lane, { kind: 'diverged', seq: point.seq }, at, name)
  const step = goOn(moveTo(lane, point, at), at, name)
  return { lane: step.lane, effects: [{ kind: 'store_receipt', lane: name, receipt }, ...step.effects] }
}

/** Rows that are gone here cannot be compared: they count as ours where they had left and nothing speaks against it (S16, S20). */
const isOurs = (lane: LaneUplink, { seq }: LanePoint, judgement: ReceiptJudgement): boolean =>
  judgement === 'verified' || (judgement === 'unverifiable' && seq <= lane.sentSeq && !isInDoubt(lane))

/** Whatever kept the lane is over. */
const moving = (lane: LaneUplink): LaneUplink => ({ ...lane, problem: null, reported: null, seesTwo: false })

function moveTo(lane: LaneUplink, point: LanePoint, at: Surroundings): LaneUplink {
  const { poison, progress, confirmed } = lane
  return {
    ...moving(lane),
    confirmed: point,
    progress: noteProgress(progress, confirmed.seq, point.seq, at.nowMs),
    // That a dropped range got through says nothing about rows.
    poison: {
      ...poison,
      tries: 0,
      sinceMs: point.count > confirmed.count ? null : poison.sinceMs,
    },
  }
}

function sendRows(lane: LaneUplink, input: InputOf<'batch_read'>, at: Surroundings, name: Lane): LaneStep {
  const wanted = lane.confirmed.seq + 1
  const { fromSeq, toSeq, bytes, single } = input
  invariant(fromSeq <= wanted && toSeq >= wanted, `the batch ${fromSeq}..${toSeq} does not hold ${wanted}`)
  return send(lane, { fromSeq, toSeq, bytes, single, drop: null }, at, name)
}

function sendDrop(lane: LaneUplink, input: InputOf<'range_gone'>, at: Surroundings, name: Lane): LaneStep {
  const wanted = lane.confirmed.seq + 1
  const { fromSeq, toSeq, reason } = input
  invariant(fromSeq === wanted && toSeq >= wanted, `${fromSeq}..${toSeq} is not what was asked for`)
  return send(lane, { fromSeq, toSeq, bytes: 0, single: true, drop: reason }, at, name)
}

function sendPoison(lane: LaneUplink, _input: InputOf<'set_aside_done'>, at: Surroundings, name: Lane): LaneStep {
  invariant(lane.flying !== null, 'nothing was sent before it was set aside')
  const fromSeq = lane.confirmed.seq + 1
  const { toSeq } = lane.flying
  return send(noteSetAside(lane, at), { fromSeq, toSeq, bytes: 0, single: true, drop: 'poison' }, at, name)
}

function send(lane: LaneUplink, flying: Flying, at: Surroundings, name: Lane): LaneStep {
  const { fromSeq, toSeq, drop } = flying
  const { flight, confirmed: base, startSeq } = lane
  return {
    lane: {
      ...lane,
      state: 'sending',
      lastSeq: Math.max(lane.lastSeq, toSeq),
      sentSeq: Math.max(lane.sentSeq, toSeq),
      flying,
      sentAtMs: at.nowMs,
    },
    effects: [
      {
        kind: 'send',
        lane: name,
        flight,
        fromSeq,
        toSeq,
        drop,
        base,
        startSeq,
        timeoutMs: uplinkLimits.requestTimeoutMs,
      },
    ],
  }
}

function waitForJournal(lane: LaneUplink, input: InputOf<'read_failed'>, at: Surroundings): LaneStep {
  return wait(
    { ...lane, problem: { kind: 'unreadable', cause: input.cause } },
    retryDelayMs(lane.tries, at.random),
    'read',
    at,
  )
}

function takeReceipt(
  lane: LaneUplink,
  { receipt, judgement }: InputOf<'receipted'>,
  at: Surroundings,
  name: Lane,
): LaneStep {
  // The cloud may sign with a new key, of which its cursor tells: only what is forged there too needs a person.
  if (judgement === 'forged' && lane.tries === 0) return { lane: { ...lane, state: 'resuming', tries: 1 }, effects: [] }
  if (judgement === 'forged') return halt(lane, { kind: 'forged_receipt' }, at, name)
  const point = pointOf(receipt)
  if (judgement === 'diverged') return halt(lane, { kind: 'diverged', seq: point.seq }, at, name)
  if (point.seq > lane.lastSeq) return halt(lane, { kind: 'cloud_ahead', cloudSeq: point.seq }, at, name)
  // A receipt that does not reach beyond the last one would send the same batch for ever: look where the cloud stands, slowly.
  if (point.seq <= lane.confirmed.seq) return wait(lane, retryDelayMs(lane.tries, at.random), 'resume', at)
  if (!isOurs(lane, point, judgement)) return halt(lane, { kind: 'diverged', seq: point.seq }, at, name)
  const step = goOn({ ...moveTo(lane, point, at), tries: 0, bytesMax: nextBytesMax(lane, at) }, at, name)
  return { lane: step.lane, effects: [{ kind: 'store_receipt', lane: name, receipt }, ...step.effects] }
}

/** A lane that is at work passes it over: what comes back, or the next cursor, says the same. A halted one stays so until the cursor is known. */
function takeBrought(
  lane: LaneUplink,
  { receipt, judgement }: InputOf<'receipt_brought'>,
  at: Surroundings,
  name: Lane,
): LaneStep {
  const point = pointOf(receipt)
  const isNews = point.seq > lane.confirmed.seq && point.seq <= lane.lastSeq
  if (!isNews || !isOurs(lane, point, judgement)) return pass(lane)
  const { problem, reported, seesTwo } = lane
  // A cursor that was asked for before would look like one of a cloud that was set back: its flight is over (S12).
  const moved = { ...moveTo(lane, point, at), problem, reported, seesTwo, flight: lane.flight + 1 }
  const step = lane.state === 'gathering' || lane.state === 'idle' ? goOn(moved, at, name) : pass(moved)
  return { lane: step.lane, effects: [{ kind: 'store_receipt', lane: name, receipt }, ...step.effects] }
}

function nextBytesMax(lane: LaneUplink, at: Surroundings): number {
  const answerMs = at.nowMs - lane.sentAtMs
  if (answerMs > uplinkLimits.answerSlowMs) return smaller(lane.bytesMax, 2)
  if (answerMs < uplinkLimits.answerFastMs && (lane.flying?.bytes ?? 0) * 2 >= lane.bytesMax)
    return Math.min(uplinkLimits.batchBytesMax, lane.bytesMax * 2)
  return lane.bytesMax
}

function goWhenDue(lane: LaneUplink, _input: InputOf<'wake'>, at: Surroundings, name: Lane): LaneStep {
  if (at.nowMs < lane.waitUntilMs) return pass(lane)
  return lane.state === 'gathering' || lane.afterWait === 'read' ? goOn(lane, at, name) : resumeNow(lane)
}

function resumeWhenDue(lane: LaneUplink, _input: InputOf<'wake'>, at: Surroundings): LaneStep {
  return at.nowMs >= lane.waitUntilMs ? resumeNow(lane) : pass(lane)
}

function resumeNow(lane: LaneUplink): LaneStep {
  return { lane: { ...lane, state: 'resuming' }, effects: [] }
}
