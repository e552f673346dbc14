import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describeError, OperationalError } from '@jidoka/base'

/** Three: the one before the repair, the one after it, and one by mistake. */
const keptMax = 3

const nameOf = (atMs: number): string =>
  `support-${new Date(atMs).toISOString().replace(/[-:]/g, '').replace('.', '')}.tar.gz`
const isBundle = (name: string): boolean => /^support-[0-9TZ]+\.tar\.gz(\.tmp)?$/.test(name)

/** Puts a bundle into the folder `bundles` of the data folder and takes the oldest away. Answers its file, seen from the data folder. */
export function keepBundle(dataFolder: string, bytes: Uint8Array, atMs: number): string {
  const folder = join(dataFolder, 'bundles')
  const name = nameOf(atMs)
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    writeFileSync(join(folder, `${name}.tmp`), bytes, { mode: 0o600, flush: true })
    renameSync(join(folder, `${name}.tmp`), join(folder, name))
    // Names are times: the newest come last.
    for (const old of readdirSync(folder).filter(isBundle).toSorted().slice(0, -keptMax))
      rmSync(join(folder, old), { force: true })
  } catch (cause) {
    throw new OperationalError(
      `The support bundle could not be written to ${folder}: ${describeError(cause)}. Make room on the disk, then try again.`,
      { cause },
    )
  }
  return join('bundles', name)
}
