import { constants } from 'node:fs'
import { access, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { describeError, isErrno } from '@jidoka/base'
import type { Blobs } from './blobs.ts'
import { ObjectError } from './object-error.ts'

/** What is being written has this behind its name: a name without it is whole. */
const unfinished = '.part'

/** Blobs as files, a folder for each tenant. */
export class FolderBlobs implements Blobs {
  readonly kind = 'folder'
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Written beside, forced to the disk, then renamed: a crash at any step leaves the whole file or none of its name. */
  async write(name: string, body: AsyncIterable<Uint8Array>): Promise<void> {
    const file = join(this.#folder, name)
    const part = `${file}${unfinished}`
    await this.#doing(() => makeFolder(dirname(file)))
    const handle = await this.#doing(() => open(part, 'w', 0o600))
    try {
      for await (const chunk of body) await this.#doing(() => handle.writeFile(chunk))
      await this.#doing(() => handle.sync())
    } catch (error) {
      await handle.close()
      await rm(part, { force: true })
      throw error
    }
    await this.#doing(async () => {
      await handle.close()
      await rename(part, file)
      await syncFolder(dirname(file))
    })
  }

  async read(name: string, offset: number, length: number): Promise<Readable | null> {
    try {
      const handle = await open(join(this.#folder, name), 'r')
      return handle.createReadStream({ start: offset, end: offset + length - 1 })
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return null
      throw this.#unusable(error)
    }
  }

  async remove(name: string): Promise<void> {
    const file = join(this.#folder, name)
    await this.#doing(() => rm(file, { force: true }))
    await this.#doing(() => rm(`${file}${unfinished}`, { force: true }))
  }

  async check(): Promise<void> {
    await this.#doing(() => makeFolder(this.#folder))
    await this.#doing(() => access(this.#folder, constants.W_OK))
  }

  async #doing<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work()
    } catch (error) {
      throw this.#unusable(error)
    }
  }

  #unusable(cause: unknown): ObjectError {
    return new ObjectError(
      'unavailable',
      `The folder for objects ${this.#folder} cannot be used: ${describeError(cause)}. Mend its rights or make room, then try again.`,
      { cause },
    )
  }
}

/** With its name in the folder above on the disk, and that of each folder that had to be made for it. */
async function makeFolder(folder: string): Promise<void> {
  const last = resolve(folder)
  const first = await mkdir(last, { recursive: true, mode: 0o700 })
  if (first === undefined) return
  for (let made = last; ; made = dirname(made)) {
    await syncFolder(dirname(made))
    if (made === first || made === dirname(made)) return
  }
}

/** Without it a power cut can undo a rename that was answered. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
