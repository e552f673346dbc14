import { createWriteStream, renameSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { OperationalError } from '@jidoka/base'
import { courierPieceBytes } from '@jidoka/contract'
import type { CourierFile } from '@jidoka/contract'
import { edgeIdSchema } from '@jidoka/sync-protocol'
import type { Cloud } from './cloud.ts'

const usage = `Use: courier export --edge ID --to FILE [--tenant TENANT]
     courier import FILE... [--tenant TENANT]`

/** How often it is looked how far a file has come. */
const lookEveryMs = 500
const actor = 'command line'

export interface CourierCommand {
  readonly courier: Cloud['courier']
  /** Unless `--tenant` says another. */
  readonly tenant: string
  readonly print: (line: string) => void
}

/**
 * `courier export` and `courier import` on the database of this cloud; beside running processes where they share a PostgreSQL.
 * @returns whether every file was taken to its end
 */
export async function runCourierCommand(
  argv: readonly string[],
  { courier, tenant, print }: CourierCommand,
): Promise<boolean> {
  const [verb, ...rest] = argv
  const { values, positionals: files } = readArguments(rest)
  const tenantId = values.tenant ?? tenant
  if (verb === 'export' && files.length === 0) {
    if (values.to === undefined || !edgeIdSchema.safeParse(values.edge).success)
      throw new OperationalError(`"courier export" needs the id of an edge and a file.\n${usage}`)
    const { edgeName, bytes } = await courier.exportDown(tenantId, values.edge ?? '', actor)
    const beside = `${values.to}.part`
    try {
      await pipeline(
        Readable.from(bytes, { objectMode: false }),
        createWriteStream(beside, { mode: 0o600, flush: true }),
      )
      renameSync(beside, values.to)
    } catch (cause) {
      rmSync(beside, { force: true })
      throw new OperationalError(`${values.to} could not be written. Is there room, and may this user write there?`, {
        cause,
      })
    }
    print(`${values.to}: for "${edgeName}". Import it there: jidoka courier import ${values.to}`)
    return true
  }
  if (verb !== 'import' || files.length === 0) throw new OperationalError(usage)
  const brought: { file: string; fileId: string }[] = []
  for (const file of files) brought.push({ file, fileId: await bring(courier, tenantId, file, print) })
  // Looked at once all are here: a file may have waited for one that was named behind it.
  await courier.desk.settle(tenantId)
  let isAllDone = true
  for (const { file, fileId } of brought) {
    const ended = await courier.desk.file(tenantId, fileId)
    print(`${file}: ${sentence(ended)}`)
    isAllDone &&= ended.state === 'done'
  }
  return isAllDone
}

function readArguments(args: string[]) {
  try {
    return parseArgs({
      args,
      options: { edge: { type: 'string' }, to: { type: 'string' }, tenant: { type: 'string' } },
      allowPositionals: true,
    })
  } catch (cause) {
    throw new OperationalError(usage, { cause })
  }
}

async function bring(
  { desk }: Cloud['courier'],
  tenantId: string,
  path: string,
  print: (line: string) => void,
): Promise<string> {
  const file = await openFile(path)
  try {
    const { size } = await file.stat()
    const begun = await desk.begin(tenantId, size, await pieceOf(file, 0, size), actor)
    for (const no of begun.pieces_missing)
      await desk.putPiece(tenantId, begun.file_id, no, await pieceOf(file, no, size))
    let told = -1
    for (;;) {
      const { state, batches, batches_applied: applied } = await desk.file(tenantId, begun.file_id)
      if (state === 'receiving')
        throw new OperationalError(`${path} has more pieces than one answer names. Run the command again.`)
      if (state !== 'checking' && state !== 'applying') return begun.file_id
      if (applied !== told && batches !== null) print(`${path}: ${(told = applied)} of ${batches} batches`)
      await pause(lookEveryMs)
    }
  } finally {
    await file.close()
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path)
  } catch (cause) {
    throw new OperationalError(`The file ${path} cannot be read. Is its name right?`, { cause })
  }
}

async function pieceOf(file: FileHandle, no: number, size: number): Promise<Uint8Array> {
  const piece = Buffer.alloc(Math.min(courierPieceBytes, size - no * courierPieceBytes))
  for (let at = 0; at < piece.length;) {
    const { bytesRead } = await file.read(piece, at, piece.length - at, no * courierPieceBytes + at)
    if (bytesRead === 0) throw new OperationalError('The file has become shorter while it was read. Copy it again.')
    at += bytesRead
  }
  return piece
}

const sentence = ({ state, problem, rows_new: rows, edge_name: edge }: CourierFile): string =>
  state === 'done' ? `taken, ${rows} rows of "${edge}" were new` : (problem ?? state)
