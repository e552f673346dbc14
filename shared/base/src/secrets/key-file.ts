import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'
import { describeError, isErrno } from '../errors.ts'
import { KeyRing, newKey, parseKey } from './key-ring.ts'
import type { MasterKeys, WrappedKey } from './master-keys.ts'
import { SecretError } from './secret-error.ts'

/** As many rotations as are not yet rewrapped and cleaned away; a larger file is not one of ours. */
const keysMax = 64
const fileBytesMax = 64 * 1_024

const fileSchema = z.strictObject({
  /** The one that seals first. */
  keys: z
    .array(z.strictObject({ key: z.string(), since: z.string() }))
    .min(1)
    .max(keysMax),
})
type FileContent = z.infer<typeof fileSchema>

interface Loaded {
  readonly ring: KeyRing
  readonly content: FileContent
  /** What the file looked like when it was read. */
  readonly mark: string
}

/** Master keys in a file that only its owner may read. Looked at anew when it has changed, so that a rotation reaches every process that shares it. */
export class KeyFile implements MasterKeys {
  readonly source = 'file'
  readonly #file: string
  readonly #nowMs: () => number
  #loaded: Loaded

  private constructor(file: string, nowMs: () => number) {
    this.#file = file
    this.#nowMs = nowMs
    this.#loaded = load(file)
  }

  /** Makes the file with a first key where there is none. @throws SecretError */
  static open(file: string, nowMs: () => number): KeyFile {
    // Of two programs that start at once, one makes the file and the other takes it.
    if (!existsSync(file)) write(file, { keys: [entryOf(nowMs())] }, linkNew)
    return new KeyFile(file, nowMs)
  }

  async activeKeyId(): Promise<string> {
    return this.#ring().activeKeyId
  }

  async wrap(dataKey: Uint8Array, binding: Uint8Array): Promise<WrappedKey> {
    return this.#ring().wrap(dataKey, binding)
  }

  async unwrap(key: WrappedKey, binding: Uint8Array): Promise<Buffer> {
    return this.#ring().unwrap(key, binding)
  }

  async rotate(): Promise<string> {
    const lock = `${this.#file}.rotating`
    closeSync(openLock(lock))
    try {
      this.#ring()
      const { keys } = this.#loaded.content
      if (keys.length >= keysMax)
        throw new SecretError(
          'misconfigured',
          `${this.#file} holds ${keys.length} keys already. Rewrap, then take keys out that seal nothing any more.`,
        )
      write(this.#file, { keys: [entryOf(this.#nowMs()), ...keys] }, renameSync)
      return this.#ring().activeKeyId
    } finally {
      rmSync(lock, { force: true })
    }
  }

  #ring(): KeyRing {
    if (markOf(this.#file) !== this.#loaded.mark) this.#loaded = load(this.#file)
    return this.#loaded.ring
  }
}

const entryOf = (nowMs: number) => ({ key: newKey(), since: new Date(nowMs).toISOString() })

function load(file: string): Loaded {
  const mark = markOf(file)
  try {
    const { mode, size } = statSync(file)
    if (process.platform !== 'win32' && (mode & 0o077) !== 0)
      throw new SecretError(
        'misconfigured',
        `The master keys ${file} can be read by others than their owner. Make them private: chmod 600 ${file}`,
      )
    if (size > fileBytesMax) throw new SecretError('misconfigured', `${file} is too large to be a file of master keys.`)
    const content = fileSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
    const keys = content.keys.map(({ key }) => parseKey(key))
    if (keys.includes(null)) throw new SecretError('misconfigured', `${file} holds a key that has not 32 bytes.`)
    return { ring: new KeyRing(keys.filter((key) => key !== null)), content, mark }
  } catch (cause) {
    if (cause instanceof SecretError) throw cause
    // A message of the JSON parser quotes the text around the mistake, which is a key: only the kind of the mistake is told.
    throw new SecretError(
      'misconfigured',
      `The master keys ${file} cannot be read: ${cause instanceof SyntaxError || cause instanceof z.ZodError ? 'it is not a file of master keys' : describeError(cause)}. Restore the file from a backup: without it nothing that is sealed can be read.`,
    )
  }
}

/** A file that was renamed into place has another inode. */
function markOf(file: string): string {
  try {
    const { ino, size, mtimeMs } = statSync(file)
    return `${ino} ${size} ${mtimeMs}`
  } catch (cause) {
    throw new SecretError(
      'misconfigured',
      `The master keys ${file} are gone: ${describeError(cause)}. Restore the file.`,
      {
        cause,
      },
    )
  }
}

/** Written beside, forced to the disk and put in place: a power cut leaves the old file or the new one. */
function write(file: string, content: FileContent, place: (fresh: string, file: string) => void): void {
  const fresh = `${file}.${process.pid}`
  try {
    const handle = openSync(fresh, 'w', 0o600)
    try {
      writeSync(handle, `${JSON.stringify(content, null, 2)}\n`)
      fsyncSync(handle)
    } finally {
      closeSync(handle)
    }
    place(fresh, file)
    forceFolder(dirname(file))
  } catch (cause) {
    throw new SecretError(
      'misconfigured',
      `The master keys ${file} cannot be written: ${describeError(cause)}. Make the folder writable and try again.`,
      { cause },
    )
  } finally {
    rmSync(fresh, { force: true })
  }
}

/** Unlike a rename it leaves a file that is there already. */
function linkNew(fresh: string, file: string): void {
  try {
    linkSync(fresh, file)
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error
  }
}

/** Two rotations at once would each write a file without the other's key, and what that had sealed would be lost. */
function openLock(lock: string): number {
  try {
    return openSync(lock, 'wx', 0o600)
  } catch (cause) {
    throw new SecretError(
      'misconfigured',
      isErrno(cause, 'EEXIST')
        ? `A rotation is under way. If none is, one was cut off: remove ${lock} and try again.`
        : `${lock} cannot be made: ${describeError(cause)}. Make the folder writable and try again.`,
      { cause },
    )
  }
}

/** The new name too is on the disk before anything is sealed with the new key: without the key it could never be read. */
function forceFolder(folder: string): void {
  // Windows opens no folders; there the file system writes names in order.
  if (process.platform === 'win32') return
  const handle = openSync(folder, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}
