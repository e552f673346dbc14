import { isInDoubt } from '@jidoka/sync-engine'
import { instant } from '../board/views.ts'
import type { CourierImport } from '@jidoka/contract'
import type { DesiredItem } from '@jidoka/domain'
import {
  courierLimits,
  CourierError,
  epochStart,
  judgeReceipt,
  parseCourierDown,
  parseDesiredRow,
  pointOf,
  readCourier,
} from '@jidoka/sync-protocol'
import type {
  CourierBytes,
  CourierDown,
  CourierHeader,
  CourierReaderOptions,
  Lane,
  Receipt,
} from '@jidoka/sync-protocol'
import { z } from 'zod'
import type { DesiredChange, JournalReader, Pipeline, UnreadableItem } from '../ports.ts'
import { doubtsOf } from '../uplink/doubt-keeper.ts'
import type { EdgeIdentity, Enrolled } from '../uplink/identity.ts'
import type { BatchSource } from '../uplink/uplink.ts'
import { cloudKeyOf, newerTrust } from './believed.ts'
import type { CourierLine } from './courier-line.ts'

export interface ImportParts {
  readonly identity: Pick<EdgeIdentity, 'courierPrivateKey' | 'believe'>
  readonly enrolled: Enrolled
  readonly batches: Pick<BatchSource, 'pointAt'>
  readonly pipeline: Pick<Pipeline, 'applyDesired' | 'storeReceipt' | 'saveSetting'>
  readonly reader: Pick<
    JournalReader,
    'epoch' | 'startSeqs' | 'sentReadingsSeq' | 'lanes' | 'receipted' | 'desired' | 'desiredPosition' | 'setting'
  >
  /** Null where no cloud is configured: files are all there is. */
  readonly line: CourierLine | null
}

type StateOf = Extract<CourierDown, { kind: 'state' }>

interface Content {
  readonly header: CourierHeader
  readonly state: StateOf
  readonly rows: readonly unknown[]
  readonly receipts: readonly Receipt[]
}

/** What the last file that was taken in said of itself. */
const importedSchema = z.object({ history: z.string(), desired_seq: z.number().int() })
const importedSetting = 'courier_imported'

/**
 * Takes in a file of the cloud: read to its end and checked as a whole first, then applied. The same file again changes nothing.
 * @throws CourierError; nothing of the file has been taken then.
 */
export async function importFile(parts: ImportParts, bytes: CourierBytes): Promise<CourierImport> {
  const { identity, enrolled, line } = parts
  const options: CourierReaderOptions = {
    as: 'edge',
    recipientKey: identity.courierPrivateKey,
    senderKey: (header) => cloudKeyOf(enrolled, header),
    fileBytesMax: courierLimits.downFileBytesMax,
  }
  const content = await readContent(bytes, options)
  const { header } = content
  const apply = () => applyState(parts, content)
  const { isCurrent, problems } = await (line === null ? apply() : line.besideFollower(apply))
  const receipts: CourierImport['receipts'] = []
  const keys = newerTrust(enrolled, header.trust ?? []).at(-1)?.receipt_keys ?? enrolled.receipt_keys
  for (const receipt of content.receipts) {
    const outcome = await takeReceipt(parts, receipt, keys)
    receipts.push({ lane: receipt.lane, up_to_seq: receipt.up_to_seq, outcome })
  }
  return {
    file_id: header.file_id,
    created_at: instant(header.created_at_ms),
    desired: isCurrent ? 'current' : 'applied',
    items: content.rows.length,
    problems: [...problems],
    receipts,
  }
}

/** The keys and the desired state of a file. @throws CourierError `older` */
async function applyState(
  parts: ImportParts,
  content: Content,
): Promise<{ readonly isCurrent: boolean; readonly problems: readonly string[] }> {
  const { identity, enrolled, pipeline } = parts
  const { header, state } = content
  const isCurrent = standing(parts, content) === 'current'
  for (const list of newerTrust(enrolled, header.trust ?? [])) identity.believe(list)
  const { change, problems } = changeOf(parts, content)
  if (isCurrent) return { isCurrent, problems }
  const isTold = (item: { readonly kind: string; readonly key: string }) =>
    change.unreadable.some(({ kind, key }) => kind === item.kind && key === item.key)
  for (const item of await pipeline.applyDesired(change))
    if (item.problem !== null && !isTold(item)) problems.push(item.problem)
  const imported: z.infer<typeof importedSchema> = { history: state.history, desired_seq: state.desired_seq }
  await pipeline.saveSetting(importedSetting, JSON.stringify(imported))
  return { isCurrent, problems }
}

/** What is in a file, all of it in memory (64 MiB at most): none of it counts before its end has been seen. */
async function readContent(bytes: CourierBytes, options: CourierReaderOptions): Promise<Content> {
  const chunks = readCourier(bytes, options)
  const rows: unknown[] = []
  const receipts: Receipt[] = []
  let state: StateOf | null = null
  for (;;) {
    const { done, value } = await chunks.next()
    if (done === true) {
      if (state === null || state.rows !== rows.length) throw unreadable()
      return { header: value.header, state, rows, receipts }
    }
    const part = readPart(value)
    if (part?.kind === 'state') state = part
    else if (part?.kind === 'desired') rows.push(part.row)
    else if (part?.kind === 'receipt') receipts.push(part.receipt)
  }
}

function readPart(chunk: Uint8Array): CourierDown | null {
  try {
    return parseCourierDown(chunk)
  } catch (cause) {
    throw unreadable(cause)
  }
}

const unreadable = (cause?: unknown): CourierError =>
  new CourierError(
    'version',
    'The courier file is whole, but this program does not understand what is in it. Upgrade this appliance, then import the file again.',
    cause === undefined ? undefined : { cause },
  )

/**
 * Whether the desired state of a file is newer than what is in force here, or the same.
 * @throws CourierError `older`: it would undo what has come since, by the line or by another file.
 */
function standing({ reader }: ImportParts, { state, rows }: Content): 'newer' | 'current' {
  const older = () =>
    new CourierError(
      'older',
      'The courier file is older than what this appliance has got since, by the line or by another file. Nothing of it was taken. Export a new one in the console.',
    )
  const position = reader.desiredPosition()
  const lineSeq = position === null || position.handle !== state.history ? null : Number(position.offset.split('_')[0])
  const imported = importedSchema.safeParse(JSON.parse(reader.setting(importedSetting) ?? 'null'))
  const fileSeq = imported.success && imported.data.history === state.history ? imported.data.desired_seq : null
  if (state.desired_seq < Math.max(lineSeq ?? 0, fileSeq ?? 0)) throw older()
  // What could not be read when it came may be readable by now: this program may be a newer one.
  if (lineSeq === state.desired_seq && position?.isPartial !== true) return 'current'
  // Of another history (a cloud that was restored, Electric in between) the counters say nothing; versions of an item only grow.
  const standingVersions = new Map(reader.desired().map((item) => [`${item.kind} ${item.key}`, item.version]))
  for (const row of rows) {
    const read = parseDesiredRow(row)
    const item = read.item
    if (item !== null && item.version < (standingVersions.get(`${item.kind} ${item.key}`) ?? 0)) throw older()
  }
  return 'newer'
}

/** The snapshot as one change. What stands here and cannot be read in the file stays as it is, and is reported as refused. */
function changeOf(
  { enrolled }: ImportParts,
  { state, rows }: Content,
): {
  readonly change: DesiredChange & { readonly unreadable: readonly UnreadableItem[] }
  readonly problems: string[]
} {
  const problems: string[] = []
  const upserts: DesiredItem[] = []
  const unread: UnreadableItem[] = []
  let unnamedCount = 0
  for (const row of rows) {
    const read = parseDesiredRow(row)
    if (read.kind === 'ok') {
      if (read.edgeId === enrolled.edge_id) upserts.push(read.item)
      else problems.push(`A desired item of another appliance (${read.edgeId}) is in the file and was left aside.`)
      continue
    }
    problems.push(read.problem)
    const { item, problem } = read
    if (item === null) unnamedCount++
    else unread.push({ ...item, problem })
  }
  const position = { handle: state.history, offset: `${state.desired_seq}_0` }
  // A row without a name may be any of those that stand.
  const replaceAll = unnamedCount === 0
  return { change: { upserts, removals: [], unreadable: unread, unnamedCount, replaceAll, position }, problems }
}

/** Holds a receipt against the rows of this appliance, as the line does. */
async function takeReceipt(
  { reader, enrolled, batches, pipeline, line }: ImportParts,
  receipt: Receipt,
  trustList: Enrolled['receipt_keys'],
): Promise<CourierImport['receipts'][number]['outcome']> {
  const { lane, up_to_seq: seq } = receipt
  if (receipt.epoch !== reader.epoch) return 'other_epoch'
  const before = reader.receipted()[lane]
  const confirmed = before === null ? epochStart(reader.startSeqs()[lane]) : pointOf(before)
  if (seq <= confirmed.seq) return 'known'
  const { recordsSeq, readingsSeq } = reader.lanes()
  if (seq > (lane === 'records' ? recordsSeq : readingsSeq)) return 'diverged'
  const held = await batches.pointAt(lane, confirmed, seq)
  const judgement = judgeReceipt(receipt, {
    edgeId: enrolled.edge_id,
    epoch: reader.epoch,
    lane,
    trustList,
    held,
  })
  if (judgement === 'forged' || judgement === 'diverged') return judgement
  // A line that runs keeps it, and does not send again what it covers.
  const brought = (await line?.bring(receipt, judgement)) ?? 'stopped'
  if (brought !== 'stopped') return brought
  if (judgement === 'unverifiable' && !isOurs(reader, lane, seq)) return 'in_doubt'
  await pipeline.storeReceipt(receipt)
  return 'stored'
}

/** As the engine does where a line runs: rows that are gone here count as ours where they had left and nothing speaks against it (S16, S20). */
function isOurs(reader: ImportParts['reader'], lane: Lane, seq: number): boolean {
  // Of records nobody notes what has left.
  const hasLeft = lane === 'records' || seq <= reader.sentReadingsSeq()
  return hasLeft && !isInDoubt(doubtsOf(reader)[lane])
}
