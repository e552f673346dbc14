import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { OperationalError } from '@jidoka/base'
import { receiptVerdicts } from '@jidoka/contract'
import type { ReceiptVerdict } from '@jidoka/contract'
import type { Lane, Receipt } from '@jidoka/sync-protocol'
import { openReader } from '../store/journal-reader.ts'
import type { StoreReader } from '../store/journal-reader.ts'
import { EdgeIdentity, keysEverBelieved } from '../uplink/identity.ts'
import type { Enrolled } from '../uplink/identity.ts'
import { checkSignature, isWrong, ReceiptChecker, receiptFileSchema } from '../uplink/receipt-check.ts'
import type { CheckedReceipt, ReceiptFile } from '../uplink/receipt-check.ts'
import { dataFolderOf, UsageError } from './command.ts'
import type { Command, CommandContext, ExitCode } from './command.ts'
import { writePrivateFile } from './private-file.ts'

/** Rows that are asked of the journal at once. */
const pageRows = 1_000

export const receiptsListCommand: Command = {
  name: 'receipts list',
  summary: 'what the cloud has signed for, newest first',
  help: `jidoka receipts list [--lane records|readings] [--limit N] [--json] [--data FOLDER]

  --limit N       receipts at most (default 20)
  --json          one receipt as JSON a line, as it was signed
  --data FOLDER   data folder of the appliance, which need not run (default: JIDOKA_DATA or data/edge)`,
  run(args, context) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        lane: { type: 'string' },
        limit: { type: 'string', default: '20' },
        json: { type: 'boolean' },
        data: { type: 'string' },
      },
    })
    const limit = Number(values.limit)
    if (!Number.isSafeInteger(limit) || limit < 1) throw new UsageError('--limit is a whole number from 1 on.')
    const reader = openReader({ dataFolder: dataFolderOf(values.data, context) })
    try {
      let left = limit
      for (const receipt of newestFirst(reader, laneOf(values.lane))) {
        if (left-- === 0) break
        context.out(values.json === true ? JSON.stringify(receipt) : describe(receipt))
      }
    } finally {
      reader.close()
    }
    return Promise.resolve(0)
  },
}

export const receiptsVerifyCommand: Command = {
  name: 'receipts verify',
  summary: 'whether receipts are signed by the cloud and fit the rows held here',
  help: `jidoka receipts verify [FILE] [--export FILE] [--lane records|readings] [--all] [--data FOLDER]

  FILE            a file that --export wrote; without it the receipts of the data folder
  --export FILE   write the receipts and the public keys to a file that others can verify by themselves
  --all           a line for each receipt, not only for those that something is wrong with
  --data FOLDER   data folder of the appliance, which need not run (default: JIDOKA_DATA or data/edge)

Needs no line. Of the present epoch the rows from each receipt to the next are counted anew where they are still held. Exit code 3 when a receipt is not
signed by a key of the cloud, or the journal holds other rows than it says.`,
  run(args, context) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        export: { type: 'string' },
        lane: { type: 'string' },
        all: { type: 'boolean' },
        data: { type: 'string' },
      },
    })
    const [file, ...more] = positionals
    if (more.length > 0) throw new UsageError('Name one file.')
    if (file !== undefined && values.export !== undefined)
      throw new UsageError('A file that was exported is verified, not exported again.')
    const folder = dataFolderOf(values.data, context)
    const lane = laneOf(values.lane)
    const isShown = ({ verdict }: CheckedReceipt) => values.all === true || isWrong[verdict]
    return Promise.resolve(
      file === undefined
        ? verifyFolder(folder, { lane, exportTo: values.export, isShown }, context)
        : verifyFile(file, folder, { lane, isShown }, context),
    )
  },
}

const verdictWords: Readonly<Record<ReceiptVerdict, string>> = {
  rows_match: 'signed, and the rows held here lead to its digest',
  signed: 'signed; its rows are not all held here any more, or of an earlier epoch',
  other_rows: 'signed, but the journal holds OTHER ROWS',
  bad_signature: 'NOT as it was signed',
  unknown_key: 'signed by a key that is NOT KNOWN here',
}

interface Question {
  readonly lane: Lane | undefined
  readonly isShown: (checked: CheckedReceipt) => boolean
}

function verifyFolder(
  folder: string,
  { lane, exportTo, isShown }: Question & { readonly exportTo: string | undefined },
  context: CommandContext,
): ExitCode {
  const enrolled = enrolledIn(folder)
  if (enrolled === null)
    throw new OperationalError(`The appliance of ${folder} was never enrolled: there are no receipts.`)
  const reader = openReader({ dataFolder: folder })
  try {
    const receipts = [...newestFirst(reader, lane)].toReversed()
    const keys = keysEverBelieved(enrolled)
    if (exportTo !== undefined) {
      const { edge_id, tenant_id, site_id } = enrolled
      const content: ReceiptFile = {
        format: 'jidoka-receipts-1',
        edge_id,
        tenant_id,
        site_id,
        keys: [...keys],
        receipts,
      }
      writePrivateFile(exportTo, `${JSON.stringify(content, null, 1)}\n`)
      context.out(`${receipts.length} receipts and ${keys.length} public keys are in ${exportTo}`)
    }
    const checker = new ReceiptChecker(reader, keys)
    return tell(checkAll(checker, receipts), isShown, context)
  } finally {
    reader.close()
  }
}

function verifyFile(file: string, folder: string, { lane, isShown }: Question, context: CommandContext): ExitCode {
  const content = readReceiptFile(file)
  const enrolled = enrolledIn(folder)
  const isOurs = enrolled?.edge_id === content.edge_id
  context.out(
    isOurs
      ? `held against the keys that the appliance of ${folder} believes`
      : 'held against the keys in the file itself: compare them with those that the cloud shows',
  )
  const keys = isOurs ? keysEverBelieved(enrolled) : content.keys
  const checked = content.receipts
    .filter((receipt) => lane === undefined || receipt.lane === lane)
    .map((receipt) => ({ receipt, verdict: checkSignature(receipt, keys) }))
  return tell(checked, isShown, context)
}

function tell(
  checked: Iterable<CheckedReceipt>,
  isShown: (checked: CheckedReceipt) => boolean,
  context: CommandContext,
): ExitCode {
  const counts = new Map<ReceiptVerdict, number>()
  for (const each of checked) {
    counts.set(each.verdict, (counts.get(each.verdict) ?? 0) + 1)
    if (isShown(each)) context.out(`${describe(each.receipt)}: ${verdictWords[each.verdict]}`)
  }
  for (const verdict of receiptVerdicts) {
    const count = counts.get(verdict)
    if (count !== undefined) context.out(`${count} ${verdictWords[verdict]}`)
  }
  if (counts.size === 0) context.out('There are no receipts yet.')
  return receiptVerdicts.some((verdict) => isWrong[verdict] && counts.has(verdict)) ? 3 : 0
}

/** One by one, so that what is wrong is told when it is found. */
function* checkAll(checker: ReceiptChecker, receipts: readonly Receipt[]): Generator<CheckedReceipt> {
  for (const receipt of receipts) yield { receipt, verdict: checker.check(receipt) }
}

function* newestFirst(reader: StoreReader, lane: Lane | undefined): Generator<Receipt> {
  let beforeId: number | undefined
  for (;;) {
    const page = reader.receiptHistory({
      limit: pageRows,
      ...(lane === undefined ? {} : { lane }),
      ...(beforeId === undefined ? {} : { beforeId }),
    })
    for (const { receipt } of page) yield receipt
    beforeId = page.at(-1)?.id
    if (page.length < pageRows || beforeId === undefined) return
  }
}

const describe = (receipt: Receipt): string =>
  [
    new Date(receipt.received_at_ms).toISOString(),
    receipt.lane.padEnd(8),
    `up to ${receipt.up_to_seq}`,
    `${receipt.count_total} rows`,
    `digest ${receipt.digest}`,
    `key ${receipt.key_id}`,
    `epoch ${receipt.epoch.slice(0, 8)}`,
  ].join('  ')

function readReceiptFile(file: string): ReceiptFile {
  try {
    return receiptFileSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch (cause) {
    throw new OperationalError(
      `${file} is no file of receipts, or cannot be read. Write one with "jidoka receipts verify --export FILE".`,
      {
        cause,
      },
    )
  }
}

/** Without making an identity where there is none. */
const enrolledIn = (folder: string): Enrolled | null =>
  existsSync(join(folder, 'identity.json')) ? EdgeIdentity.open(folder).enrolled : null

function laneOf(text: string | undefined): Lane | undefined {
  if (text === undefined || text === 'records' || text === 'readings') return text
  throw new UsageError(`--lane is records or readings, not "${text}".`)
}
