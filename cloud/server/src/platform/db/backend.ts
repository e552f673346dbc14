import type { CustomTypesConfig, Pool } from 'pg'
import { types } from 'pg'

/** What differs between the two databases that the cloud runs on, each with its reason. Everything else is one code path. */
export interface BackendProfile {
  readonly name: 'pglite' | 'postgres'
  /** Connections of the pool; null where settings.ts says how many. */
  readonly poolSizeMax: number | null
  /** Whether a commit is on the platter when it is answered. */
  readonly commitSurvivesPowerLoss: boolean
  /** Whether other processes may work on the same database, so that changes must be announced to them. */
  readonly sharedWithOthers: boolean
  /** Whether the server stops a statement that takes too long. */
  readonly stopsLongStatements: boolean
}

export const backendProfiles: Record<BackendProfile['name'], BackendProfile> = {
  pglite: {
    name: 'pglite',
    // PostgreSQL in WebAssembly is one session: a second connection would share its transaction.
    poolSizeMax: 1,
    // Its file system never calls fsync. Edges keep what they sent and send it again when the cursor has gone back.
    commitSurvivesPowerLoss: false,
    // Two processes in one folder would destroy it; a lock keeps the second out, so there is nobody to tell.
    sharedWithOthers: false,
    // There is no timer signal in WebAssembly; statement_timeout is accepted and ignored. Hence the worker thread.
    stopsLongStatements: false,
  },
  postgres: {
    name: 'postgres',
    poolSizeMax: null,
    commitSurvivesPowerLoss: true,
    sharedWithOthers: true,
    stopsLongStatements: true,
  },
}

/** An open database. `pglite.ts` and `postgres.ts` make one each; nothing outside this folder knows which it has. */
export interface Backend {
  readonly profile: BackendProfile
  readonly pool: Pool
  /**
   * False when commits of the last run may be gone (PGlite after a kill or a power cut): what was handed out before may then
   * be newer than what is stored.
   */
  readonly keptEverything: boolean
  /**
   * Calls `heard` for each announcement of other processes on `channel`; the returned function ends it.
   * @param missed called when announcements may have been missed: the connection had broken, and is there again
   */
  listen(channel: string, heard: (payload: string) => void, missed?: () => void): Promise<() => Promise<void>>
  close(): Promise<void>
}

type TypeId = Parameters<typeof types.getTypeParser>[0]

/**
 * int8 as number: sequences and counts stay far below 2^53. timestamptz as ISO 8601 in UTC with milliseconds, as the contract
 * writes instants.
 */
export const rowTypes: CustomTypesConfig = {
  getTypeParser: ((id: TypeId, format?: 'text') => {
    if (id === types.builtins.INT8) return Number
    const parse = types.getTypeParser(id, format)
    if (id !== types.builtins.TIMESTAMPTZ) return parse
    return (text: string) => {
      const written = instantOfUtc(text)
      if (written !== null) return written
      const instant: unknown = parse(text)
      return instant instanceof Date ? instant.toISOString() : instant
    }
  }) as CustomTypesConfig['getTypeParser'],
}

/** `2026-11-21 22:59:45.357158+00`, as a server that speaks UTC writes an instant; the fraction is as long as it needs. */
const secondsEnd = 19

/** The same as ISO 8601, cut out of the text: a page has a hundred of them, and calendars took a tenth of its time. Null for any other form. */
function instantOfUtc(text: string): string | null {
  if (!text.endsWith('+00') || text[10] !== ' ' || text[16] !== ':') return null
  const fraction = text.slice(secondsEnd + 1, Math.min(secondsEnd + 4, text.length - 3)).padEnd(3, '0')
  return `${text.slice(0, 10)}T${text.slice(11, secondsEnd)}.${fraction}Z`
}
