import type { Job, JobNews, JobState } from '@jidoka/contract'
import type { Session, Transaction } from '../db/database.ts'
import { storableJson, storableText } from '../db/storable.ts'
import type { PageKey } from '../paging.ts'
import type { Ticket } from './carrier.ts'
import { jobLimits } from './limits.ts'
import type { JobResult } from './port.ts'

// What is said of jobs to the database. Instants come from the program's clock, so that rows of one process are in its order.

export interface NewJob {
  readonly id: string
  readonly kind: string
  readonly input: unknown
  readonly onceKey: string | null
  readonly attemptsMax: number
  readonly by: string
  readonly trace: string | null
  readonly ticket: string
  readonly at: string
}

/** @returns the id of the one that waits or runs under the same key, when there is one */
export async function insertJob(tx: Transaction, job: NewJob): Promise<string> {
  const values = [tx.tenantId, job.id, job.kind, storableJson(job.input), job.onceKey, job.attemptsMax, job.ticket]
  for (;;) {
    const [made] = await tx.query<{ id: string }>(
      `insert into core.jobs (tenant_id, id, kind, input, state, once_key, attempts_max, ticket, due_at, started_by, trace, created_at)
       values ($1, $2, $3, $4, 'waiting', $5, $6, $7, $8, $9, $10, $8)
       on conflict (tenant_id, kind, once_key) where once_key is not null and state in ('waiting', 'running') do nothing
       returning id`,
      [...values, job.at, job.by, job.trace],
    )
    if (made !== undefined) return made.id
    const [there] = await tx.query<{ id: string }>(
      `select id from core.jobs where kind = $1 and once_key = $2 and state in ('waiting', 'running')`,
      [job.kind, job.onceKey],
    )
    // It ended between the two: there is room for this one.
    if (there !== undefined) return there.id
  }
}

export async function liveKeys(tx: Transaction, kind: string, onceKeys: readonly string[]): Promise<string[]> {
  const rows = await tx.query<{ once_key: string }>(
    `select once_key from core.jobs where kind = $1 and once_key = any($2::text[]) and state in ('waiting', 'running')`,
    [kind, onceKeys],
  )
  return rows.map(({ once_key: key }) => key)
}

export async function countWaiting(tx: Transaction, kind: string): Promise<number> {
  const [row] = await tx.query<{ count: number }>(
    `select count(*)::int as count from (select from core.jobs where state = 'waiting' and kind = $1 limit $2) waiting`,
    [kind, jobLimits.waitingMax],
  )
  return row?.count ?? 0
}

const progressOf = `jsonb_build_object('done', progress_done, 'total', progress_total, 'note', progress_note) as progress`
const newsColumns = `id, kind, state, (cancelled_by is not null and state in ('waiting', 'running')) as cancelling, attempt, attempts_max, ${progressOf}, error,
  started_by as by, created_at, due_at, started_at, ended_at`

export function listJobs(
  tx: Transaction,
  of: { state: JobState | null; kind: string | null; after: PageKey | null; limit: number },
): Promise<JobNews[]> {
  return tx.query<JobNews>(
    `select ${newsColumns} from core.jobs
     where ($1::text is null or state = $1) and ($2::text is null or kind = $2)
       and ($3::timestamptz is null or (created_at, id) < ($3, $4::uuid))
     order by created_at desc, id desc limit $5`,
    [of.state, of.kind, of.after?.at ?? null, of.after?.id ?? null, of.limit],
  )
}

export async function findJob(tx: Transaction, id: string): Promise<Job | null> {
  const [[job], attempts] = await Promise.all([
    tx.query<Omit<Job, 'attempts'>>(`select ${newsColumns}, input, result, trace from core.jobs where id = $1`, [id]),
    tx.query<Job['attempts'][number]>(
      `select no as attempt, process, started_at, ended_at, outcome, error from core.job_attempts
       where job_id = $1 order by no desc limit $2`,
      [id, jobLimits.attemptsShownMax],
    ),
  ])
  return job === undefined ? null : { ...job, attempts }
}

export async function findNews(tx: Transaction, id: string): Promise<JobNews | null> {
  return (await tx.query<JobNews>(`select ${newsColumns} from core.jobs where id = $1`, [id]))[0] ?? null
}

export interface OpenTicket {
  readonly tenant_id: string
  readonly job_id: string
  readonly kind: string
  readonly ticket: string
}

/** Tickets of all tenants that are to be handed to the carrier, of kinds that this process knows. */
export async function ticketsToHandOn(
  directory: Session,
  { kinds, at, staleAt }: { kinds: readonly string[]; at: string; staleAt: string },
): Promise<OpenTicket[]> {
  return directory.query<OpenTicket>(
    `select tenant_id, id as job_id, kind, ticket from core.jobs
     where state in ('waiting', 'running') and due_at <= $1 and kind = any($2::text[])
       and ((state = 'waiting' and (handed_at is null or handed_at < $3)) or (state = 'running' and beat_at < $3))
     order by due_at limit $4`,
    [at, kinds, staleAt, jobLimits.handOnMax],
  )
}

export async function noteHanded(tx: Transaction, tickets: readonly Ticket[], at: string): Promise<void> {
  await tx.run(`update core.jobs set handed_at = $1 where ticket = any($2::uuid[]) and id = any($3::uuid[])`, [
    at,
    tickets.map(({ id }) => id),
    tickets.map(({ jobId }) => jobId),
  ])
}

/** A job that this process has begun. */
export interface ClaimedJob {
  readonly id: string
  readonly kind: string
  readonly input: unknown
  readonly attempt: number
  readonly runs: number
  readonly trace: string | null
  /** Cancelled or dead: there is nothing to run. */
  readonly state: 'running' | 'cancelled' | 'dead'
}

/**
 * Begins the next attempt. Null: the ticket is good for nothing any more. An attempt that is still open is one whose process is silent; where that was the
 * last, the job is dead, and so is one that brings down every process that runs it.
 */
export async function claimJob(
  tx: Transaction,
  { jobId, id: ticket }: Ticket,
  { process, at, undoes }: { process: string; at: string; undoes: boolean },
): Promise<ClaimedJob | null> {
  await tx.run(
    `update core.job_attempts a set outcome = 'lost', ended_at = $2 from core.jobs j
     where a.job_id = $1 and a.outcome is null and j.id = a.job_id and j.ticket = $3 and j.state = 'running'`,
    [jobId, at, ticket],
  )
  const [job] = await tx.query<ClaimedJob>(
    `update core.jobs j set
       state = next.state,
       ended_at = case when next.state <> 'running' then $3::timestamptz end,
       error = case when next.state = 'dead' then 'the process that ran it ended, or was silent, before it was done' else j.error end,
       attempt = j.attempt + next.begun, runs = j.runs + next.begun,
       started_at = case when next.begun = 1 then $3::timestamptz else j.started_at end, beat_at = $3,
       progress_done = case when next.begun = 1 then 0 else j.progress_done end,
       progress_total = case when next.begun = 0 then j.progress_total end,
       progress_note = case when next.begun = 0 then j.progress_note end
     from (select id, state, (state = 'running')::int as begun from (
             select id, case when cancelled_by is not null and not $4::boolean then 'cancelled' when attempt >= attempts_max then 'dead' else 'running' end as state
             from core.jobs where id = $1 and ticket = $2 and state in ('waiting', 'running') for update) claimed) next
     where j.id = next.id
     returning j.id, j.kind, j.input, j.attempt, j.runs, j.trace, j.state`,
    [jobId, ticket, at, undoes],
  )
  if (job?.state !== 'running') return job ?? null
  await tx.run(
    `insert into core.job_attempts (tenant_id, job_id, no, process, started_at) values ($1, $2, $3, $4, $5)`,
    [tx.tenantId, jobId, job.runs, process, at],
  )
  return job
}

/** Which run of which job speaks: one that was taken over says nothing any more. */
export interface RunKey {
  readonly jobId: string
  readonly runs: number
}

const ofRun = `id = $1 and runs = $2 and state = 'running'`

/** @returns whether somebody has cancelled it; null when the run is no longer this one */
export async function noteBeat(tx: Transaction, { jobId, runs }: RunKey, at: string): Promise<boolean | null> {
  const [row] = await tx.query<{ is_cancelled: boolean }>(
    `update core.jobs set beat_at = $3 where ${ofRun} returning cancelled_by is not null as is_cancelled`,
    [jobId, runs, at],
  )
  return row?.is_cancelled ?? null
}

export async function noteProgress(
  tx: Transaction,
  { jobId, runs }: RunKey,
  { done, total, note }: { done: number; total: number; note: string | null },
): Promise<void> {
  await tx.run(`update core.jobs set progress_done = $3, progress_total = $4, progress_note = $5 where ${ofRun}`, [
    jobId,
    runs,
    done,
    total,
    note === null ? null : storableText(note),
  ])
}

export type Settlement =
  | { readonly outcome: 'done'; readonly result: JobResult }
  | { readonly outcome: 'failed'; readonly error: string; readonly retryAt: string | null }
  | { readonly outcome: 'released' }
  | { readonly outcome: 'cancelled'; readonly error: string | null }

/** Writes down how a run ended. False: it was taken over meanwhile, and nothing is written. */
export async function settleRun(
  tx: Transaction,
  { jobId, runs }: RunKey,
  settlement: Settlement,
  { at, nextTicket }: { at: string; nextTicket: string },
): Promise<boolean> {
  const { outcome } = settlement
  const said = outcome === 'failed' || outcome === 'cancelled' ? settlement.error : null
  const error = said === null ? null : storableText(said)
  const retryAt = outcome === 'released' ? at : outcome === 'failed' ? settlement.retryAt : null
  const state = retryAt !== null ? 'waiting' : outcome === 'failed' ? 'dead' : outcome
  const changed = await tx.run(
    `update core.jobs set state = $3, ended_at = case when $4::timestamptz is null then $5::timestamptz end,
       due_at = coalesce($4::timestamptz, due_at), handed_at = case when $4::timestamptz is null then handed_at end,
       ticket = case when $4::timestamptz is null then ticket else $6::uuid end,
       attempt = attempt - $7::int, error = coalesce($8, case when $3 <> 'done' then error end), result = $9
     where ${ofRun}`,
    [
      jobId,
      runs,
      state,
      retryAt,
      at,
      nextTicket,
      outcome === 'released' ? 1 : 0,
      error,
      outcome === 'done' ? storableJson(settlement.result) : null,
    ],
  )
  if (changed === 0) return false
  await tx.run(`update core.job_attempts set outcome = $3, ended_at = $4, error = $5 where job_id = $1 and no = $2`, [
    jobId,
    runs,
    outcome,
    at,
    error,
  ])
  return true
}

/**
 * @param goesOn one that waits is run at once, and not at its end: it takes back what it has done
 * @returns what it was before; null when there is none
 */
export async function cancelJob(
  tx: Transaction,
  id: string,
  { by, at, goesOn }: { by: string; at: string; goesOn: boolean },
): Promise<{ kind: string; state: JobState } | null> {
  const [before] = await tx.query<{ kind: string; state: JobState }>(
    `select kind, state from core.jobs where id = $1 for update`,
    [id],
  )
  if (before === undefined) return null
  await tx.run(
    `update core.jobs set cancelled_by = coalesce(cancelled_by, $2),
       state = case when state = 'waiting' and not $4::boolean then 'cancelled' else state end,
       ended_at = case when state = 'waiting' and not $4::boolean then $3::timestamptz else ended_at end,
       due_at = case when state = 'waiting' and $4::boolean then least(due_at, $3::timestamptz) else due_at end
     where id = $1 and state in ('waiting', 'running')`,
    [id, by, at, goesOn],
  )
  return before
}

/** @returns whether it is there now; false when another of its key waits or runs */
export async function requeueJob(
  tx: Transaction,
  id: string,
  { at, ticket }: { at: string; ticket: string },
): Promise<boolean> {
  const changed = await tx.run(
    `update core.jobs j set state = 'waiting', attempt = 0, ticket = $2, handed_at = null, due_at = $3, cancelled_by = null, ended_at = null, result = null
     where id = $1 and state in ('dead', 'cancelled')
       and (once_key is null or not exists (
         select from core.jobs o where o.kind = j.kind and o.once_key = j.once_key and o.state in ('waiting', 'running')))`,
    [id, ticket, at],
  )
  return changed > 0
}

/** Takes what has had its time. @returns how many rows went */
export function deleteEnded(
  tx: Transaction,
  { endedBefore, deadBefore }: { endedBefore: string; deadBefore: string },
): Promise<number> {
  return tx.run(
    `delete from core.jobs where id in (
       select id from core.jobs where ended_at < $1 and (state in ('done', 'cancelled') or (state = 'dead' and ended_at < $2)) limit $3)`,
    [endedBefore, deadBefore, jobLimits.tidyRowsMax],
  )
}
