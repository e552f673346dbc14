import { baseVerdict, decideBatch, epochStanding } from '@jidoka/sync-engine'
import {
  addTally,
  advancePoint,
  BatchError,
  decodeBatch,
  isAtLeast,
  pointOf,
  protocolVersion,
  rangesOfReadings,
  rangesOfRecords,
  requestLimits,
} from '@jidoka/sync-protocol'
import type { DecodedBatch, Lane, LanePoint, Receipt, Refusal, Trouble, TroubleKind } from '@jidoka/sync-protocol'
import type { Answer, Request, Server } from './network.ts'
import type { PlantedBug } from './options.ts'
import type { Random } from './random.ts'
import { rowText } from './row-text.ts'
import type { Scheduler } from './scheduler.ts'
import { signReceiptAs, trustOf } from './stand-in-keys.ts'
import { emptyLane, newEdge } from './stored-edge.ts'
import type { StoredEdge, StoredLane } from './stored-edge.ts'
import { wallStartMs } from './life.ts'

type Undo = () => void
/** Part of a record's text that this cloud can never read. */
export const poisonMark = 'cannot be read'

/** The cloud: the real decoder, the real intake decision, and a database whose transactions are atomic. */
export class CloudNode implements Server {
  crashes = 0
  lostTransactions = 0
  /** An older one until it is upgraded. */
  protocol: string = protocolVersion
  /** Until then it cannot read anything. */
  bugUntilMs = 0
  readonly edges = new Map<string, StoredEdge>()
  /** By signature, for the checks alone: the rows of the lane at the commit that each receipt was signed in, whatever was lost since. */
  readonly #signedRows = new Map<string, StoredLane['rows']>()
  /** The next batches during which it dies, before or after their commit. */
  readonly crashAtCommit: { readonly after: boolean; readonly setBack: boolean }[] = []
  #keys: readonly string[] = ['k1']
  #trustVersion = 1
  #trustSignedBy = 'k1'
  #up = true
  #life = 0
  /** How to take back the last transactions, the newest last. */
  #unsynced: Undo[] = []
  readonly #random: Random
  readonly #scheduler: Scheduler
  readonly #bug: PlantedBug | null
  readonly #trace: (line: string) => void

  constructor(parts: {
    readonly random: Random
    readonly scheduler: Scheduler
    readonly bug: PlantedBug | null
    readonly trace: (line: string) => void
  }) {
    this.#random = parts.random
    this.#scheduler = parts.scheduler
    this.#bug = parts.bug
    this.#trace = parts.trace
  }

  handle(request: Request, respond: (answer: Answer) => void): void {
    if (!this.#up) return respond({ kind: 'broken' })
    const life = this.#life
    this.#scheduler.after(this.#random.between(1, 30), () => {
      // Whoever waits for a process that has died since sees the connection break.
      if (life !== this.#life) return respond({ kind: 'broken' })
      const refusal = this.#stranger(request)
      if (refusal !== null) return respond(this.#refused(refusal))
      if (request.kind === 'cursor') return respond(this.#cursor(request))
      if (request.kind === 'trouble') {
        if (!isAtLeast(this.protocol, '1.2')) return respond({ kind: 'not_found' })
        const { epoch, lane, kind, seq } = request.report
        this.#note(request.edgeId, epoch, lane, kind, seq)
        return respond({ kind: 'noted' })
      }
      const [crash = null] = this.crashAtCommit.splice(0, 1)
      if (crash?.after === false) {
        if (this.#bug === 'rows_before_cursor' || this.#bug === 'cursor_before_rows')
          this.receive(request.edgeId, request.bytes, { half: this.#bug })
        this.crash('before the commit', crash.setBack)
        return respond({ kind: 'broken' })
      }
      const answer = this.receive(request.edgeId, request.bytes)
      if (crash !== null) {
        this.crash('between commit and answer', crash.setBack)
        return respond({ kind: 'broken' })
      }
      respond(answer)
    })
  }

  /** A batch that somebody takes on the way, with a receipt as ours would be, signed by a key that nobody believes. */
  forge({ edgeId, ...request }: Request): Receipt | null {
    if (request.kind !== 'batch') return null
    const batch = decodeBatch(request.bytes)
    const { epoch, lane, base } = batch.header
    const point = advancePoint(base ?? this.lane(edgeId, epoch, lane).point, batch)
    return signReceiptAs('forger', { edgeId, epoch, lane, point, receivedAtMs: this.#wallMs() })
  }

  /** Dies and comes back; with `setBack` as a replica that had not got its last transactions. */
  crash(when: string, setBack: boolean): void {
    if (!this.#up) return
    this.#up = false
    this.#life++
    this.crashes++
    const undone = setBack ? this.#unsynced.splice(0).toReversed() : []
    for (const undo of undone) undo()
    this.lostTransactions += undone.length
    this.#trace(
      `cloud crashes ${when}${undone.length > 0 ? ` and comes back without its last ${undone.length} transactions` : ''}`,
    )
    this.#scheduler.after(this.#random.between(500, 15_000), () => {
      this.#up = true
      this.#trace('cloud is back')
    })
  }

  /** A new key signs from now on; the list that names it is signed by the oldest, which everybody believes who has missed others. */
  rotateKeys(): void {
    const next = `k${this.#trustVersion + 1}`
    this.#trustSignedBy = this.#keys[0] ?? 'k1'
    this.#keys = [...this.#keys, next]
    this.#trustVersion++
    this.#trace(`cloud signs with ${next} from now on`)
  }

  edge(edgeId: string): StoredEdge {
    let edge = this.edges.get(edgeId)
    if (edge === undefined) {
      edge = newEdge()
      this.edges.set(edgeId, edge)
    }
    return edge
  }

  lane(edgeId: string, epoch: string, lane: Lane): StoredLane {
    const key = this.#bug === 'epochs_share_a_cursor' ? 'any' : epoch
    return this.edge(edgeId).epochs.get(key)?.[lane] ?? emptyLane()
  }

  /** What a receipt tells of: a cloud that was set back since may hold another's rows under the same numbers. Null of one that was signed in no commit. */
  rowsSignedBy({ signature }: Receipt): StoredLane['rows'] | null {
    return this.#signedRows.get(signature) ?? null
  }

  /** Whether an appliance's point is part of what is held here, for the person who begins a new epoch. */
  agreesWith(edgeId: string, epoch: string, lane: Lane, point: LanePoint): boolean {
    const stored = this.lane(edgeId, epoch, lane)
    return baseVerdict(point, stored.point, (seq) => receiptAt(stored, seq)) === 'agrees'
  }

  #wallMs = (): number => wallStartMs + Math.floor(this.#scheduler.nowMs)

  #refused = (refusal: Refusal): Answer => ({ kind: 'refused', refusal, cloudMs: this.#wallMs() })

  #stranger({ edgeId, signedAtMs }: Request): Refusal | null {
    const skewMs = this.#wallMs() - signedAtMs
    if (Math.abs(skewMs) > requestLimits.clockSkewMsMax) return { kind: 'stale', skew_ms: Math.round(skewMs) }
    return this.edge(edgeId).isRevoked ? { kind: 'revoked' } : null
  }

  #note(edgeId: string, epoch: string, lane: Lane, kind: TroubleKind, seq: number): void {
    if (this.#bug === 'trouble_not_noted') return
    const { troubles, everTroubled } = this.edge(edgeId)
    everTroubled.add(epoch)
    const known = troubles.get(epoch) ?? []
    if (known.some((each) => each.lane === lane && each.kind === kind)) return
    const trouble: Trouble = { kind, lane, seq: Math.max(1, seq), since_ms: this.#wallMs() }
    troubles.set(epoch, [...known, trouble])
    this.#unsynced.push(() => troubles.set(epoch, known))
    this.#trace(`cloud notes that ${lane} has two histories (${kind} at ${seq})`)
  }

  #cursor({ edgeId, epoch, protocol }: Extract<Request, { kind: 'cursor' }>): Answer {
    const edge = this.edge(edgeId)
    const standing = epochStanding(edge, epoch)
    if (standing.kind === 'refuse') return this.#refused(standing.refusal)
    const of = (lane: Lane) => {
      const { point, receipts } = this.lane(edgeId, epoch, lane)
      return {
        next_seq: point.seq + 1,
        count_total: point.count,
        digest: point.digest,
        receipt: receipts.at(-1) ?? null,
      }
    }
    const isNew = isAtLeast(this.protocol, '1.2') && isAtLeast(protocol, '1.2')
    const troubles = edge.troubles.get(epoch) ?? []
    return {
      kind: 'cursor',
      cursor: {
        protocol: this.protocol,
        edge_id: edgeId,
        epoch,
        lanes: { records: of('records'), readings: of('readings') },
        ...(isNew ? { trust: trustOf(this.#trustVersion, this.#keys, this.#trustSignedBy) } : {}),
        ...(isNew && troubles.length > 0 ? { troubles: [...troubles] } : {}),
      },
    }
  }

  /**
   * Takes a batch, from the line or from a courier's file.
   * @param half of a planted bug, what is left of the transaction
   * @param place in a courier's file, the first of its lane or a later one
   */
  receive(
    edgeId: string,
    bytes: Uint8Array,
    {
      half = null,
      place = null,
    }: { readonly half?: PlantedBug | null; readonly place?: 'first' | 'later' | null } = {},
  ): Answer {
    let batch: DecodedBatch
    try {
      batch = decodeBatch(bytes)
    } catch (error) {
      if (error instanceof BatchError) return this.#refused(error.refusal)
      throw error
    }
    const { header } = batch
    if (!knowsHeader(this.protocol, header))
      return this.#refused({ kind: 'malformed', detail: 'header: unknown members' })
    if (this.#scheduler.nowMs < this.bugUntilMs) return this.#refused({ kind: 'malformed', detail: 'a bug' })
    if (batch.kind === 'records' && batch.lines.some((line) => line.includes(poisonMark)))
      return this.#refused({ kind: 'malformed', detail: 'a record' })
    const edge = this.edge(edgeId)
    const stored = this.lane(edgeId, header.epoch, header.lane)
    const nextSeq = stored.point.seq + (this.#bug === 'cursor_off_by_one' && stored.point.seq > 0 ? 2 : 1)
    const { point: held, startSeq } = stored
    const lane = { ...edge, nextSeq, startSeq, point: held, receiptAt: (seq: number) => receiptAt(stored, seq) }
    const decision = decideBatch(
      lane,
      this.#bug === 'base_not_checked' ? withoutBase(batch) : batch,
      place === 'later' && this.#bug !== 'expected_base_is_proof' ? 'expected' : 'receipted',
    )
    this.#trace(
      `cloud: ${header.lane} ${header.from_seq}..${header.to_seq}${header.dropped === null ? '' : ` (${header.dropped})`} -> ${decision.kind}`,
    )
    if (decision.kind === 'diverged') {
      this.#note(edgeId, header.epoch, header.lane, 'diverged', decision.held.seq)
      return this.#refused({ kind: 'digest' })
    }
    const skipsIntake = place !== null && this.#bug === 'courier_skips_intake' && header.from_seq > nextSeq
    if (decision.kind === 'refuse' && !skipsIntake) return this.#refused(decision.refusal)
    if (decision.kind === 'repeat') {
      const newest = stored.receipts.at(-1)
      if (newest === undefined) throw new Error('a cursor has moved and left no receipt')
      return { kind: 'receipt', receipt: newest }
    }
    const startsAt = decision.kind === 'refuse' ? null : decision.startsAt
    const from = decision.kind === 'trim' ? decision.from : header.from_seq
    const before = decision.kind === 'refuse' ? held : decision.before
    const advanced = advancePoint(before, batch)
    const point =
      this.#bug === 'dropped_rows_counted' && batch.kind === 'dropped'
        ? { ...advanced, count: advanced.count + 1 }
        : advanced
    const receipt = signReceiptAs(this.#keys.at(-1) ?? 'k1', {
      edgeId,
      epoch: header.epoch,
      lane: header.lane,
      point,
      receivedAtMs: this.#wallMs(),
    })
    const commit = () => this.#commit(edgeId, batch, { from, point, receipt, startsAt }, half)
    if (this.#bug === 'receipt_before_commit') {
      const life = this.#life
      this.#scheduler.after(200, () => void (life === this.#life && commit()))
    } else commit()
    return { kind: 'receipt', receipt }
  }

  /** One transaction: rows, cursor, digest, sums of ranges, receipt, and the epoch if it is a new one. */
  #commit(
    edgeId: string,
    batch: DecodedBatch,
    { from, point, receipt, startsAt }: { from: number; point: LanePoint; receipt: Receipt; startsAt: number | null },
    half: PlantedBug | null,
  ): void {
    const edge = this.edge(edgeId)
    const { epoch, lane, to_seq, from_seq } = batch.header
    const { currentEpoch, supersededEpochs } = edge
    if (currentEpoch !== epoch) {
      edge.currentEpoch = epoch
      if (currentEpoch !== null) edge.supersededEpochs = [...supersededEpochs, currentEpoch]
    }
    const key = this.#bug === 'epochs_share_a_cursor' ? 'any' : epoch
    if (!edge.epochs.has(key)) edge.epochs.set(key, { records: emptyLane(), readings: emptyLane() })
    const stored = this.lane(edgeId, epoch, lane)
    const { point: pointBefore, startSeq, ranges } = stored
    const lengths = { receipts: stored.receipts.length, rows: stored.rows.length, drops: stored.drops.length }
    if (half !== 'cursor_before_rows') {
      const rowsFrom = this.#bug === 'overlap_stored_twice' ? from_seq : from
      if (batch.kind === 'dropped')
        stored.drops.push({
          fromSeq: this.#bug === 'drop_not_trimmed' ? from_seq : from,
          toSeq: to_seq,
          reason: batch.reason,
        })
      else for (const row of rowText(batch)) if (row.seq >= rowsFrom) stored.rows.push(row)
    }
    if (half !== 'rows_before_cursor') {
      stored.point = point
      stored.startSeq = startsAt ?? startSeq
      stored.ranges = addRanges(ranges, batch, this.#bug === 'sums_of_overlap' ? from_seq : from)
      stored.receipts.push(receipt)
    }
    this.#signedRows.set(receipt.signature, [...stored.rows])
    this.#unsynced.push(() => {
      stored.lostToSeq = Math.max(stored.lostToSeq, point.seq)
      stored.rows.length = lengths.rows
      stored.drops.length = lengths.drops
      stored.point = pointBefore
      stored.startSeq = startSeq
      if (this.#bug !== 'sums_outside_transaction') stored.ranges = ranges
      if (this.#bug !== 'set_back_keeps_receipt') stored.receipts.length = lengths.receipts
      edge.currentEpoch = currentEpoch
      edge.supersededEpochs = supersededEpochs
    })
    // The replica gets what there is now and then.
    if (this.#unsynced.length > 12) this.#unsynced.splice(0, this.#random.between(1, 12))
  }
}

/** A header with members that came later is one that it cannot read. */
const knowsHeader = (protocol: string, { base, start_seq, waiting }: DecodedBatch['header']): boolean =>
  (isAtLeast(protocol, '1.2') || (base === undefined && start_seq === undefined)) &&
  (isAtLeast(protocol, '1.3') || waiting === undefined)

function withoutBase(batch: DecodedBatch): DecodedBatch {
  const { base: _, ...header } = batch.header
  return { ...batch, header }
}

/** Of kept receipts, the point with this number. */
function receiptAt({ receipts }: StoredLane, seq: number): LanePoint | null {
  const receipt = receipts.findLast(({ up_to_seq }) => up_to_seq === seq)
  return receipt === undefined ? null : pointOf(receipt)
}

function addRanges(kept: StoredLane['ranges'], batch: DecodedBatch, fromSeq: number): StoredLane['ranges'] {
  if (batch.kind === 'dropped') return kept
  const more =
    batch.kind === 'readings'
      ? rangesOfReadings(batch.segments, fromSeq)
      : rangesOfRecords(fromSeq, batch.lines.slice(fromSeq - batch.header.from_seq))
  const ranges = new Map(kept)
  for (const [range, tally] of more) ranges.set(range, addTally(ranges.get(range), tally))
  return ranges
}
