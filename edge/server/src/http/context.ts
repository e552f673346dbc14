import type { HttpBindings } from '@hono/node-server'
import type { Clock, Log, Tracer } from '@jidoka/base'
import type { History, LineToCloud } from '@jidoka/contract'
import type { Permission, RuleDefinition } from '@jidoka/domain'
import type { Context } from 'hono'
import type { LiveBoard } from '../board/board.ts'
import type { CourierDesk } from '../courier/courier-desk.ts'
import type { SupportBundle } from '../commands/bundle/support-bundle.ts'
import type { RequestMeter } from '../metrics/request-meter.ts'
import type { JournalReader, Pipeline, StoredCommand } from '../ports.ts'
import type { ReceiptDesk } from '../uplink/receipt-desk.ts'
import type { SyncDesk } from '../uplink/sync-desk.ts'
import type { LoginLimiter } from '../users/login-limiter.ts'
import type { Session, SessionTable } from '../users/sessions.ts'
import type { Principal, UserDirectory } from '../users/user-directory.ts'
import { mayDo } from '../users/user-directory.ts'
import { HttpProblem } from './problem.ts'
import type { TryRuleInput, TryRuleOutcome } from './query/try-rule.ts'
import type { StreamHub } from './stream-hub.ts'

/** What every handler finds in its context. */
export interface EdgeEnv {
  Bindings: Partial<HttpBindings>
  Variables: { requestId: string; principal: Principal | null; session: Session | null }
}

/** Points of a tag, thinned; made beside the main thread since it decodes every segment of the span. */
export interface HistorySource {
  query(question: {
    readonly key: string
    readonly fromMs: number
    readonly toMs: number
    readonly points: number
  }): Promise<Pick<History, 'times_ms' | 'values' | 'readings_count'>>
}

/** All that the routes need from the rest of the appliance. */
export interface EdgeServices {
  readonly clock: Clock
  readonly log: Log
  /** Absent: nothing is recorded. */
  readonly tracer?: Tracer
  /** Absent: nothing is counted. */
  readonly meter?: RequestMeter
  readonly version: string
  readonly board: LiveBoard
  readonly reader: Pick<JournalReader, 'rulesSinceMs' | 'judgments' | 'judgment' | 'outages' | 'deadLetters' | 'alarm'>
  readonly pipeline: Pick<Pipeline, 'changeAlarm' | 'appendRecord' | 'rules' | 'adoptTag' | 'withdrawTag'>
  readonly history: HistorySource
  readonly users: UserDirectory
  readonly sessions: SessionTable
  readonly limiter: LoginLimiter
  readonly hub: StreamHub
  readonly lineToCloud: () => LineToCloud
  readonly sync: Pick<SyncDesk, 'status' | 'tryNow' | 'beginEpoch' | 'audit' | 'beginAudit'>
  readonly receipts: Pick<ReceiptDesk, 'list' | 'verify' | 'verification' | 'beginVerification'>
  readonly courier: Pick<CourierDesk, 'export' | 'exports' | 'import'>
  readonly tryRule: (definition: RuleDefinition, input: TryRuleInput) => Promise<TryRuleOutcome>
  /** The newest ones, oldest arrival first. */
  readonly commands: (limit: number) => readonly StoredCommand[]
  readonly supportBundle: () => Promise<SupportBundle & { readonly file: string }>
  readonly metricsText: () => Promise<string>
  /** A sentence for each part that is not ready; empty when all are. */
  readonly notReady: () => readonly string[]
  /** Token of the command line on this machine. */
  readonly cliToken: string
  readonly behindTls: boolean
  /** Folder of the built user interface; undefined when the appliance runs without one. */
  readonly webFolder: string | undefined
}

/** Whoever asks, if they may. Throws the problem that says what is missing. */
export function allow(c: Context<EdgeEnv>, permission: Permission): Principal {
  const principal = signedIn(c)
  if (mayDo(principal, permission)) return principal
  throw new HttpProblem(
    'not_permitted',
    `Your role "${principal.user.role}" does not include "${permission}". Ask an administrator for it.`,
  )
}

export function signedIn(c: Context<EdgeEnv>): Principal {
  const principal = c.get('principal')
  if (principal === null) throw new HttpProblem('not_signed_in', 'Sign in first; the session may have ended.')
  return principal
}

export function addressOf(c: Context<EdgeEnv>): string {
  return c.env?.incoming?.socket.remoteAddress ?? 'unknown'
}
