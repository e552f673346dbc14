import { readdirSync } from 'node:fs'

/** A key whose file says from when on it is used: `NAME.pem` from the beginning, `NAME-20261205T093000Z.pem` from that instant (UTC). */
export interface DatedKey {
  readonly file: string
  readonly fromMs: number
}

const stamp = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/
const ending = '.pem'

/** The keys of one use in a folder, in the order in which they come into use. */
export function datedKeys(folder: string, use: string): DatedKey[] {
  return readdirSync(folder)
    .flatMap((file) => {
      const fromMs = fromOf(file, use)
      return fromMs === null ? [] : [{ file, fromMs }]
    })
    .toSorted((left, right) => left.fromMs - right.fromMs)
}

export const firstKeyName = (use: string): string => `${use}${ending}`

export const laterKeyName = (use: string, fromMs: number): string =>
  `${use}-${isoSeconds(fromMs).replaceAll(/[-:]/g, '')}${ending}`

/** As precise as the name of a file says it. */
export const isoSeconds = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')

function fromOf(file: string, use: string): number | null {
  if (file === firstKeyName(use)) return Number.NEGATIVE_INFINITY
  if (!file.startsWith(`${use}-`) || !file.endsWith(ending)) return null
  const parts = stamp.exec(file.slice(use.length + 1, -ending.length))
  if (parts === null) return null
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.slice(1).map(Number)
  return Date.UTC(year, month - 1, day, hour, minute, second)
}

/** The one that is in use at an instant; the oldest before any is. */
export const inUseAt = <Key extends { readonly fromMs: number }>(keys: readonly Key[], ms: number): Key | undefined =>
  keys.findLast(({ fromMs }) => fromMs <= ms) ?? keys[0]
