import type { Backend } from './backend.ts'

/** A database that serves tenants. */
export interface Place {
  readonly name: string
  /** Null while it cannot be reached; whoever needs it is told to come again. */
  readonly backend: Backend | null
}

/** Which database serves which tenant, as far as this process knows: the database itself has the last word (`jidoka.admit`). */
export interface Places {
  /** Read at each transaction: nothing is waited for. */
  of(tenantId: string): { readonly place: Place; readonly version: number }
  readonly all: readonly Place[]
  /** What a database has said of a tenant that is not there. @returns whether it is worth another try */
  learn(tenantId: string, redirect: Redirect): boolean
  /** A database that was left out of an answer about all tenants. */
  missed(place: Place, error: unknown): void
}

/** What `jidoka.admit` answers for a tenant that is elsewhere. */
export interface Redirect {
  /** Null: here after all, at this version. */
  readonly database: string | null
  readonly version: number
  readonly from: string
}

/** SQLSTATE of our own. */
const movedCode = 'JK001'

/** What an error of `movedCode` says; null of any other. */
export function redirectOf(error: unknown, from: string): Redirect | null {
  if (!(error instanceof Error) || !('code' in error) || error.code !== movedCode || !('detail' in error)) return null
  const { database, version } = JSON.parse(String(error.detail)) as Pick<Redirect, 'database' | 'version'>
  return { database, version, from }
}
