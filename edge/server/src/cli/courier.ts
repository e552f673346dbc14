import { createWriteStream, existsSync, openAsBlob, renameSync, rmSync } from 'node:fs'
import { extname } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { isErrno, OperationalError } from '@jidoka/base'
import {
  courierExportSchema,
  courierFileHeader,
  courierImportSchema,
  courierMediaType,
  edgePaths,
} from '@jidoka/contract'
import type { CourierExport, CourierImport } from '@jidoka/contract'
import { z } from 'zod'
import { readCliAccess } from './access.ts'
import { ApplianceClient } from './appliance-client.ts'
import { dataFolderOf, UsageError } from './command.ts'
import type { Command, CommandContext } from './command.ts'

/** A line of progress each time that this much has been written. */
const progressBytes = 64 * 1024 * 1024

export const courierExportCommand: Command = {
  name: 'courier export',
  summary: 'what waits for the cloud, as a file to carry there',
  help: `jidoka courier export --to FILE [--max-bytes N] [--from-records SEQ] [--from-readings SEQ] [--force] [--data FOLDER]

  --to FILE            where to write; a further file is named FILE-2, FILE-3, ...
  --max-bytes N        one file is no larger (default 1073741824); what does not fit goes into the next one
  --from-records SEQ   first number to take (default: behind the last receipt)
  --from-readings SEQ
  --force              write over files of these names; they may be the only copy of what nobody has carried yet
  --data FOLDER        data folder of the running appliance (default: JIDOKA_DATA or data/edge)

The files are encrypted to the cloud: nobody else reads them. Import them in the console (Fleet), in any order. The rows stay here until
their receipt comes back, by line or by a file that the console exports.`,
  async run(args, context) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        to: { type: 'string' },
        'max-bytes': { type: 'string' },
        'from-records': { type: 'string' },
        'from-readings': { type: 'string' },
        force: { type: 'boolean', default: false },
        data: { type: 'string' },
      },
    })
    if (values.to === undefined) throw new UsageError('Say where to write: --to FILE.')
    const bytesMax = numberOf('--max-bytes', values['max-bytes'])
    let from: Readonly<Record<'records' | 'readings', number | undefined>> = {
      records: numberOf('--from-records', values['from-records']),
      readings: numberOf('--from-readings', values['from-readings']),
    }
    const client = new ApplianceClient(readCliAccess(dataFolderOf(values.data, context)))
    for (let part = 1; ; part++) {
      const file = partName(values.to, part)
      if (!values.force && existsSync(file))
        throw new OperationalError(
          `${file} is there already and is left as it is. Name another file with --to, or say --force to write over it.`,
        )
      const exported = await exportOne(client, file, { bytesMax, from }, context)
      context.out(`${file}: ${describeExport(exported)}`)
      if (!exported.has_more) return 0
      from = { records: next(exported.records, from.records), readings: next(exported.readings, from.readings) }
    }
  },
}

export const courierImportCommand: Command = {
  name: 'courier import',
  summary: 'take in files that the cloud has exported for this appliance',
  help: `jidoka courier import FILE... [--data FOLDER]

  --data FOLDER   data folder of the running appliance (default: JIDOKA_DATA or data/edge)

A file is taken as a whole or not at all; the same one again changes nothing. Exit code 3 when something in a file was refused, or when
the cloud holds other rows than this appliance.`,
  async run(args, context) {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { data: { type: 'string' } },
      allowPositionals: true,
    })
    if (positionals.length === 0) throw new UsageError('Name the files to import.')
    const client = new ApplianceClient(readCliAccess(dataFolderOf(values.data, context)))
    let isAllWell = true
    for (const file of positionals) {
      const imported = await client.upload(
        edgePaths.courierImport,
        { body: await blobOf(file), type: courierMediaType, signal: context.signal },
        courierImportSchema,
      )
      context.out(`${file}: ${describeImport(imported)}`)
      for (const problem of imported.problems) context.err(problem)
      const isRefused = imported.receipts.some(({ outcome }) => outcome === 'diverged' || outcome === 'forged')
      if (isRefused || imported.problems.length > 0) isAllWell = false
    }
    return isAllWell ? 0 : 3
  },
}

/** Written beside and renamed, so that no half file is carried away. */
async function exportOne(
  client: ApplianceClient,
  file: string,
  question: {
    readonly bytesMax: number | undefined
    readonly from: Readonly<Record<'records' | 'readings', number | undefined>>
  },
  context: CommandContext,
): Promise<CourierExport> {
  const query = new URLSearchParams()
  if (question.bytesMax !== undefined) query.set('max_bytes', String(question.bytesMax))
  for (const lane of ['records', 'readings'] as const) {
    const seq = question.from[lane]
    if (seq !== undefined) query.set(`from_${lane}`, String(seq))
  }
  const response = await client.download(`${edgePaths.courierExport}?${query.toString()}`, context.signal)
  const fileId = response.headers.get(courierFileHeader)
  if (response.body === null || fileId === null)
    throw new OperationalError('The appliance sent no file. Use the command line of the same version.')
  const beside = `${file}.part`
  let written = 0
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const before = Math.floor(written / progressBytes)
      written += chunk.length
      if (Math.floor(written / progressBytes) > before) context.err(`${file}: ${megabytes(written)} written`)
      done(null, chunk)
    },
  })
  try {
    await pipeline(Readable.fromWeb(response.body), counted, createWriteStream(beside, { mode: 0o600, flush: true }))
  } catch (cause) {
    rmSync(beside, { force: true })
    const why = isErrno(cause, 'ENOSPC')
      ? 'there is no room on the disk'
      : 'the appliance broke off or the place cannot be written'
    throw new OperationalError(`${file} could not be written: ${why}. Nothing was lost; export it again.`, { cause })
  }
  // The list names a file once it is written to its end: a connection that broke in between leaves none.
  const exported = (await client.get(edgePaths.courierExports, z.array(courierExportSchema))).find(
    ({ file_id }) => file_id === fileId,
  )
  if (exported === undefined || exported.bytes !== written) {
    rmSync(beside, { force: true })
    throw new OperationalError(`${file} did not come to its end. Nothing was lost; export it again.`)
  }
  renameSync(beside, file)
  return exported
}

async function blobOf(file: string): Promise<Blob> {
  try {
    return await openAsBlob(file)
  } catch (cause) {
    throw new OperationalError(`The file ${file} cannot be read. Is its name right?`, { cause })
  }
}

/** `a.courier`, `a-2.courier`, ... */
export function partName(file: string, part: number): string {
  if (part === 1) return file
  const extension = extname(file)
  return `${file.slice(0, file.length - extension.length)}-${part}${extension}`
}

const next = (held: CourierExport['records'], asked: number | undefined): number | undefined =>
  held === null ? asked : held.to_seq + 1

const stretch = (name: string, held: CourierExport['records']): string =>
  held === null ? `no ${name}` : `${name} ${held.from_seq} to ${held.to_seq}`

const describeExport = (exported: CourierExport): string =>
  `${megabytes(exported.bytes)}, ${stretch('records', exported.records)}, ${stretch('readings', exported.readings)}`

const receiptWords: Record<CourierImport['receipts'][number]['outcome'], string> = {
  stored: 'in the cloud, and receipted now',
  known: 'receipted already',
  at_work: 'the line is sending and hears of it in a moment',
  in_doubt:
    'NOT TAKEN: nobody here can tell whether these rows are of this appliance; see "jidoka sync status", and begin a new epoch where there are two of it',
  other_epoch: 'of an earlier life of this data folder, left aside',
  forged: 'NOT BELIEVED: not signed by a key of the cloud',
  diverged: 'NOT TAKEN: the cloud holds other rows than this appliance; see "jidoka sync audit"',
}

const describeImport = ({ desired, items, receipts }: CourierImport): string =>
  [
    desired === 'applied' ? `${items} desired items are in force` : `the ${items} desired items were in force already`,
    ...receipts.map(({ lane, up_to_seq, outcome }) => `${lane} up to ${up_to_seq}: ${receiptWords[outcome]}`),
  ].join('; ')

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`

function numberOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new UsageError(`${option} is a whole number.`)
  return Number(text)
}
