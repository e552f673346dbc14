/** One thing that the program did, as shim/log.c wrote it down. */
export type Entry =
  | {
      readonly kind: 'opened'
      readonly fd: number
      readonly path: string
      readonly created: boolean
      readonly emptied: boolean
    }
  | { readonly kind: 'closed'; readonly fd: number }
  | {
      readonly kind: 'written'
      readonly fd: number
      readonly offset: number
      readonly data: Buffer
      readonly synced: boolean
    }
  | { readonly kind: 'resized'; readonly fd: number; readonly size: number }
  | { readonly kind: 'resized_path'; readonly path: string; readonly size: number }
  | { readonly kind: 'sync_begun'; readonly fd: number }
  | { readonly kind: 'sync_ended'; readonly fd: number }
  | { readonly kind: 'renamed'; readonly path: string; readonly to: string }
  | { readonly kind: 'unlinked'; readonly path: string }
  | { readonly kind: 'folder_made'; readonly path: string }
  | { readonly kind: 'folder_removed'; readonly path: string }
  | { readonly kind: 'linked'; readonly path: string; readonly to: string }
  | { readonly kind: 'accepted'; readonly fd: number; readonly port: number }
  | { readonly kind: 'sent'; readonly fd: number; readonly data: Buffer }
  | { readonly kind: 'unsupported'; readonly what: string }

const headBytes = 24
const flags = { created: 1, emptied: 2, syncedEach: 4 } as const

/** Reads a log to its last whole entry: the process was killed, and may have been killed while it wrote. */
export function readLog(bytes: Buffer): Entry[] {
  const entries: Entry[] = []
  let at = 0
  while (at + headBytes <= bytes.length) {
    const pathEnd = at + headBytes + bytes.readUInt16LE(at + 2)
    const end = pathEnd + bytes.readUInt32LE(at + 16)
    if (end > bytes.length) break
    entries.push(entryOf(bytes, at, bytes.toString('utf8', at + headBytes, pathEnd), bytes.subarray(pathEnd, end)))
    at = end
  }
  return entries
}

function entryOf(bytes: Buffer, at: number, path: string, data: Buffer): Entry {
  const type = bytes[at] as number
  const flag = bytes[at + 1] as number
  const fd = bytes.readInt32LE(at + 4)
  const offset = Number(bytes.readBigUInt64LE(at + 8))
  switch (type) {
    case 1:
      return { kind: 'opened', fd, path, created: (flag & flags.created) !== 0, emptied: (flag & flags.emptied) !== 0 }
    case 2:
      return { kind: 'closed', fd }
    case 3:
      return { kind: 'written', fd, offset, data, synced: (flag & flags.syncedEach) !== 0 }
    case 4:
      return { kind: 'resized', fd, size: offset }
    case 5:
      return { kind: 'resized_path', path, size: offset }
    case 6:
      return { kind: 'sync_begun', fd }
    case 7:
      return { kind: 'sync_ended', fd }
    case 8:
      return { kind: 'renamed', path, to: data.toString('utf8') }
    case 9:
      return { kind: 'unlinked', path }
    case 10:
      return { kind: 'folder_made', path }
    case 11:
      return { kind: 'folder_removed', path }
    case 12:
      return { kind: 'linked', path, to: data.toString('utf8') }
    case 13:
      return { kind: 'accepted', fd, port: offset }
    case 14:
      return { kind: 'sent', fd, data }
    case 15:
      return { kind: 'unsupported', what: path }
    default:
      throw new RangeError(`the log has an entry of the unknown type ${type} at ${at}`)
  }
}
