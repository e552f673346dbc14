import { workerData } from 'node:worker_threads'
import type { Lane, LanePoint } from '@jidoka/sync-protocol'
import { openReader } from '../store/journal-reader.ts'
import { serveCalls, Transferred } from '../threads/serve-calls.ts'
import { buildBatch, pointAt } from './batch-builder.ts'
import type { BatchQuestion, BuiltBatch } from './batch-builder.ts'
import { recount, repairBatch } from './range-rows.ts'
import type { RangeStretch, Recount, RepairQuestion } from './range-rows.ts'

/** Decoding, digest and compression of a bulk batch take some 50 ms: too long for the thread that answers sensors. */
const reader = openReader(workerData as { readonly dataFolder: string })

const functions = {
  build(question: BatchQuestion): BuiltBatch | Transferred<BuiltBatch> {
    const built = buildBatch(reader, question)
    return built.kind === 'rows' ? new Transferred(built, [built.body.buffer]) : built
  },
  pointAt({
    lane,
    after,
    seq,
  }: {
    readonly lane: Lane
    readonly after: LanePoint
    readonly seq: number
  }): LanePoint | null {
    return pointAt(reader, lane, after, seq)
  },
  recount(stretch: RangeStretch): Recount {
    return recount(reader, stretch)
  },
  repairBatch(question: RepairQuestion): Uint8Array<ArrayBuffer> | null | Transferred<Uint8Array<ArrayBuffer>> {
    const body = repairBatch(reader, question)
    return body === null ? null : new Transferred(body, [body.buffer])
  },
}
/** What the main thread sees of them: transferring is between the two ends. */
export interface BatchFunctions {
  readonly [name: string]: (argument: never) => unknown
  readonly build: (question: BatchQuestion) => BuiltBatch
  readonly pointAt: (question: {
    readonly lane: Lane
    readonly after: LanePoint
    readonly seq: number
  }) => LanePoint | null
  readonly recount: (stretch: RangeStretch) => Recount
  readonly repairBatch: (question: RepairQuestion) => Uint8Array<ArrayBuffer> | null
}

serveCalls(functions)
