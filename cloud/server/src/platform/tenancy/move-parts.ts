import type { Clock, Log } from '@jidoka/base'
import type { AuditPort } from '../../modules/audit/port.ts'
import type { Backend } from '../db/backend.ts'
import type { Database } from '../db/database.ts'
import type { TenantDirectory } from './directory.ts'
import type { MoveRow } from './move-repository.ts'
import type { MoverLease } from './mover-lease.ts'
import type { TenantTable } from './tenant-tables.ts'
import type { Transfer } from './transfer.ts'

export interface MoverParts {
  readonly directory: TenantDirectory
  /** As all other parts of the program use it, with the same directory. */
  readonly database: Database
  readonly audit: AuditPort
  readonly clock: Clock
  readonly log: Log
  /** Told of each point that a program may be killed at. */
  readonly reached?: (point: MovePoint) => Promise<void> | void
}

export type MovePoint =
  | 'prepared'
  | 'copied'
  | 'caught_up'
  | 'range_verified'
  | 'verified'
  | 'target_opened'
  | 'switched'
  | 'told'
  | 'removing'

export interface Ends {
  readonly move: MoveRow
  readonly lease: MoverLease
  readonly source: Backend
  readonly target: Backend
  /** Whether rows of the tenant on the target are this move's, and may be removed with it. */
  hasTarget: boolean
}

/** A move whose ends are prepared. */
export interface Carrying extends Ends {
  readonly transfer: Transfer
  readonly tables: readonly TenantTable[]
}
