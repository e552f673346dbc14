import { pointOf, samePoint } from '@jidoka/sync-protocol'
import type { DropReason, Lane, LanePoint } from '@jidoka/sync-protocol'
import { retryDelayMs } from './back-off.ts'
import { invariant } from './invariant.ts'
import { halt, smaller, takeFailure, wait } from './lane-trouble.ts'
import type { LaneStep } from './lane-trouble.ts'
import { uplinkLimits } from './limits.ts'
import type { CursorNews, LaneState, LaneUplink, Surroundings, UplinkInput } from './uplink-types.ts'

/** What a lane reacts to; `cursor` is its part of a cursor answer. */
export type LaneInput =
  | Extract<UplinkInput, { lane: Lane } | { kind: 'wake' }>
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
    cursor: resume,
    batch_read: pass,
    range_gone: pass,
    read_failed: pass,
    receipted: pass,
    send_failed: pass,
  },
  idle: {
    appended: noteEndAndGo,
    wake: pass,
    cursor: resume,
    batch_read: pass,
    range_gone: pass,
    read_failed: pass,
    receipted: pass,
    send_failed: pass,
  },
  gathering: {
    appended: noteEndAndGo,
    wake: goWhenDue,
    cursor: pass,
    batch_read: pass,
    range_gone: pass,
    read_failed: pass,
    receipted: pass,
    send_failed: pass,
  },
  reading: {
    appended: noteEnd,
    wake: pass,
    cursor: pass,
    batch_read: sendRows,
    range_gone: sendDrop,
    read_failed: waitForJournal,
    receipted: pass,
    send_failed: pass,
  },
  sending: {
    appended: noteEnd,
    wake: pass,
    cursor: pass,
    batch_read: pass,
    range_gone: pass,
    read_failed: pass,
    receipted: takeReceipt,
    send_failed: takeFailure,
  },
  waiting: {
    appended: noteEnd,
    wake: goWhenDue,
    cursor: pass,
    batch_read: pass,
    range_gone: pass,
    read_failed: pass,
    receipted: pass,
    send_failed: pass,
  },
  halted: {
    appended: noteEnd,
    wake: resumeWhenDue,
    cursor: pass,
    batch_read: pass,
    range_gone: pass,
    read_failed: pass,
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

export function newLane(confirmed: LanePoint, lastSeq: number): LaneUplink {
  invariant(
    lastSeq >= confirmed.seq,
    'the journal ends before what was receipted: it was cut, or belongs to another epoch',
  )
  return {
    state: 'resuming',
    confirmed,
    lastSeq,
    flight: 0,
    flightBytes: 0,
    sentAtMs: Number.NEGATIVE_INFINITY,
    bytesMax: uplinkLimits.batchBytesAtFirst,
    tries: 0,
    waitUntilMs: 0,
    afterWait: 'read',
    problem: null,
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
  return {
    lane: { ...lane, state: 'reading', flight },
    effects: [{ kind: 'read_batch', lane: name, flight, fromSeq: lane.confirmed.seq + 1, bytesMax: lane.bytesMax }],
  }
}

function resume(lane: LaneUplink, { news }: InputOf<'cursor'>, at: Surroundings, name: Lane): LaneStep {
  const { point, receipt, judgement } = news
  const nothing = point.seq === 0 && receipt === null
  // A cursor without the receipt that proves it, or beside it, is not one to build on.
  if (!nothing && (receipt === null || judgement === 'forged' || !samePoint(pointOf(receipt), point)))
    return halt(lane, { kind: 'forged_receipt' }, at)
  if (point.seq > lane.lastSeq) return halt(lane, { kind: 'cloud_ahead', cloudSeq: point.seq }, at)
  if (samePoint(point, lane.confirmed)) return goOn({ ...lane, problem: null }, at, name)
  // A point that was receipted once never changes, unless the cloud was set back and has gone on from there. Ours is void then.
  if (point.seq <= lane.confirmed.seq) {
    const step = goOn({ ...lane, confirmed: point, problem: null }, at, name)
    return { lane: step.lane, effects: [{ kind: 'adopt_cursor', lane: name, point, receipt }, ...step.effects] }
  }
  invariant(receipt !== null, 'a cursor above the beginning has a receipt')
  if (judgement === 'diverged') return halt(lane, { kind: 'diverged', seq: point.seq }, at)
  const step = goOn({ ...lane, confirmed: point, problem: null }, at, name)
  return { lane: step.lane, effects: [{ kind: 'store_receipt', lane: name, receipt }, ...step.effects] }
}

function sendRows(lane: LaneUplink, input: InputOf<'batch_read'>, at: Surroundings, name: Lane): LaneStep {
  const wanted = lane.confirmed.seq + 1
  invariant(
    input.fromSeq <= wanted && input.toSeq >= wanted,
    `the batch ${input.fromSeq}..${input.toSeq} does not hold ${wanted}`,
  )
  return send(lane, { ...input, drop: null }, at, name)
}

function sendDrop(lane: LaneUplink, input: InputOf<'range_gone'>, at: Surroundings, name: Lane): LaneStep {
  const wanted = lane.confirmed.seq + 1
  invariant(
    input.fromSeq === wanted && input.toSeq >= wanted,
    `${input.fromSeq}..${input.toSeq} is not what was asked for`,
  )
  return send(lane, { ...input, bytes: 0, drop: input.reason }, at, name)
}

function send(
  lane: LaneUplink,
  batch: { readonly fromSeq: number; readonly toSeq: number; readonly bytes: number; readonly drop: DropReason | null },
  at: Surroundings,
  name: Lane,
): LaneStep {
  const { fromSeq, toSeq, drop } = batch
  return {
    lane: {
      ...lane,
      state: 'sending',
      lastSeq: Math.max(lane.lastSeq, toSeq),
      flightBytes: batch.bytes,
      sentAtMs: at.nowMs,
    },
    effects: [
      { kind: 'send', lane: name, flight: lane.flight, fromSeq, toSeq, drop, timeoutMs: uplinkLimits.requestTimeoutMs },
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
  if (judgement === 'forged') return halt(lane, { kind: 'forged_receipt' }, at)
  if (judgement === 'diverged') return halt(lane, { kind: 'diverged', seq: receipt.up_to_seq }, at)
  const point = pointOf(receipt)
  if (point.seq > lane.lastSeq) return halt(lane, { kind: 'cloud_ahead', cloudSeq: point.seq }, at)
  // A receipt that does not reach beyond the last one would send the same batch for ever: look where the cloud stands, slowly.
  if (point.seq <= lane.confirmed.seq) return wait(lane, retryDelayMs(lane.tries, at.random), 'resume', at)
  const step = goOn({ ...lane, confirmed: point, tries: 0, problem: null, bytesMax: nextBytesMax(lane, at) }, at, name)
  return { lane: step.lane, effects: [{ kind: 'store_receipt', lane: name, receipt }, ...step.effects] }
}

function nextBytesMax(lane: LaneUplink, at: Surroundings): number {
  const answerMs = at.nowMs - lane.sentAtMs
  if (answerMs > uplinkLimits.answerSlowMs) return smaller(lane.bytesMax, 2)
  if (answerMs < uplinkLimits.answerFastMs && lane.flightBytes * 2 >= lane.bytesMax)
    return Math.min(uplinkLimits.batchBytesMax, lane.bytesMax * 2)
  return lane.bytesMax
}

function goWhenDue(lane: LaneUplink, _input: InputOf<'wake'>, at: Surroundings, name: Lane): LaneStep {
  if (at.nowMs < lane.waitUntilMs) return pass(lane)
  return lane.state === 'gathering' || lane.afterWait === 'read'
    ? goOn(lane, at, name)
    : { lane: { ...lane, state: 'resuming' }, effects: [] }
}

function resumeWhenDue(lane: LaneUplink, _input: InputOf<'wake'>, at: Surroundings): LaneStep {
  return at.nowMs >= lane.waitUntilMs ? { lane: { ...lane, state: 'resuming' }, effects: [] } : pass(lane)
}
