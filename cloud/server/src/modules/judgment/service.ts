import type { Clock } from '@jidoka/base'
import { uuidv7 } from '@jidoka/base'
import type { BoardAlarm, Execution } from '@jidoka/contract'
import { codeSchema } from '@jidoka/domain'
import type { Alarm, Judgment, LocalText, RuleDefinition, Value } from '@jidoka/domain'
import { z } from 'zod'
import type { CachePort } from '../../platform/cache/port.ts'
import type { Database, Transaction } from '../../platform/db/database.ts'
import { storableInstant } from '../../platform/db/storable.ts'
import type { OutboxPort } from '../../platform/events/outbox.ts'
import type { EventHub } from '../../platform/events.ts'
import { ProblemError } from '../../platform/http/problem.ts'
import type { Metrics } from '../../platform/metrics.ts'
import { cursorOf, pageOf, readCursor } from '../../platform/paging.ts'
import type { Partitions } from '../../platform/partitions/partitions.ts'
import { without } from '../../platform/without.ts'
import type { FleetPort } from '../fleet/port.ts'
import { recentPage } from './recent-page.ts'
import type { EdgeName, JudgmentPort, NumberedRun, RunSource, Standing } from './port.ts'
import * as repository from './repository.ts'
import { edgeNamesCache, ruleNamesCache, rulesTag } from './caches.ts'
import { ruleNames } from './rule-repository.ts'
import type { RuleRunner } from './rule-runner.ts'
import { insertVerdictRuns } from './run-repository.ts'
import type { AlarmRow, ExecutionRow } from './schema.ts'
import { verdictOf } from './verdict.ts'

/** The line of a judgment that was asked for without naming one. */
const noLine = 'API'

export interface JudgmentParts {
  database: Database
  clock: Clock
  hub: EventHub
  metrics: Metrics
  partitions: Partitions
  fleet: () => FleetPort
  runner: RuleRunner
  outbox: OutboxPort
  cache: CachePort
}

type RuleNames = Readonly<Record<string, LocalText>>

export interface RecentQuery {
  cursor?: string | undefined
  limit: number
  edge_id?: string | undefined
  line?: string | undefined
  rule_id?: string | undefined
  status?: string | undefined
  abnormal?: 'true' | 'false' | undefined
  from?: string | undefined
  to?: string | undefined
}

export class JudgmentService implements JudgmentPort {
  #parts: JudgmentParts

  constructor(parts: JudgmentParts) {
    this.#parts = parts
  }

  prepare(tenantId: string, judgments: readonly Judgment[]): Promise<void> {
    return this.#parts.partitions.make(
      tenantId,
      'core.judgment_executions',
      judgments.map(({ judged_at_ms }) => judged_at_ms),
    )
  }

  storeJudgments(tx: Transaction, edge: EdgeName, judgments: readonly Judgment[]): void {
    const receivedAt = new Date(this.#parts.clock.nowMs()).toISOString()
    repository.insertExecutions(tx, { edgeId: edge.id, receivedAt, outbox: this.#parts.outbox }, judgments)
    repository.putStandingVerdicts(tx, edge.id, judgments)
    tx.afterCommit(() => {
      const { hub, metrics } = this.#parts
      metrics.judgments.inc({ origin: 'edge' }, judgments.length)
      if (!hub.isHeard(tx.tenantId)) return
      for (const judgment of judgments)
        hub.publish(tx.tenantId, { event: 'judgment', data: executionOf(judgment, edge, receivedAt) })
    })
  }

  storeVerdictRuns(tx: Transaction, source: RunSource, runs: readonly NumberedRun[]): void {
    insertVerdictRuns(tx, source, runs)
  }

  async storeAlarms(tx: Transaction, edge: EdgeName, alarms: readonly Alarm[]): Promise<void> {
    repository.putAlarms(tx, edge.id, alarms)
    const { hub } = this.#parts
    if (!hub.isHeard(tx.tenantId)) return
    const names = await this.#ruleNames(tx)
    tx.afterCommit(() => {
      for (const alarm of alarms)
        hub.publish(tx.tenantId, {
          event: 'alarm',
          data: { ...boardAlarmOf(alarmRowOf(alarm, edge.id), names), edge_id: edge.id },
        })
    })
  }

  rulesRemoved(tx: Transaction, edgeId: string, ruleIds: readonly string[]): Promise<void> {
    return repository.deleteStandingVerdicts(tx, edgeId, ruleIds)
  }

  async standing(tx: Transaction, edgeIds: readonly string[]): Promise<Map<string, Standing>> {
    const names = await this.#ruleNames(tx)
    const verdicts = Map.groupBy(await repository.listVerdicts(tx, edgeIds), ({ edge_id }) => edge_id)
    const alarms = Map.groupBy(await repository.listOpenAlarms(tx, edgeIds), ({ edge_id }) => edge_id)
    const counts = Map.groupBy(await repository.countStanding(tx, edgeIds), ({ edge_id }) => edge_id)
    const standing = new Map<string, Standing>()
    for (const edgeId of new Set([...verdicts.keys(), ...alarms.keys()])) {
      standing.set(edgeId, {
        counts: new Map((counts.get(edgeId) ?? []).map((row) => [row.line, row])),
        verdicts: (verdicts.get(edgeId) ?? []).map((row) => ({
          ...without(row, 'edge_id'),
          rule_name: nameOf(row.rule_id, names),
        })),
        alarms: (alarms.get(edgeId) ?? []).map((row) => boardAlarmOf(row, names)),
      })
    }
    return standing
  }

  openAlarms(tx: Transaction, edgeIds: readonly string[]): Promise<Map<string, number>> {
    return repository.countOpenAlarms(tx, edgeIds)
  }

  openAlarmsExcept(tx: Transaction, edgeIds: readonly string[]): Promise<number> {
    return repository.countOpenAlarmsExcept(tx, edgeIds)
  }

  checkRule(definition: RuleDefinition): void {
    this.#parts.runner.check(definition)
  }

  async recent(tenantId: string, query: RecentQuery): Promise<{ rows: Execution[]; next: string | null }> {
    // No edge has an id that is no id.
    if (query.edge_id !== undefined && !z.uuid().safeParse(query.edge_id).success) return { rows: [], next: null }
    const filter: repository.RecentFilter = {
      edgeId: query.edge_id ?? null,
      line: query.line ?? null,
      ruleId: query.rule_id ?? null,
      status: query.status ?? null,
      abnormal: query.abnormal === undefined ? null : query.abnormal === 'true',
      from: query.from ?? null,
      to: query.to ?? null,
      after: readCursor(query.cursor),
      limit: query.limit,
    }
    const found = await recentPage(this.#parts, tenantId, filter)
    const { rows, next } = pageOf(found.rows, query.limit, (row) => ({ at: row.executed_at, id: row.execution_id }))
    return { rows: await this.#named(tenantId, rows), next: found.goesOn === null ? next : cursorOf(found.goesOn) }
  }

  /** @throws ProblemError `not_found` */
  async get(tenantId: string, executionId: string): Promise<Execution> {
    const row = await this.#parts.database.withTenant(tenantId, (tx) => repository.findExecution(tx, executionId))
    const [execution] = row === null ? [] : await this.#named(tenantId, [row])
    if (execution === undefined)
      throw new ProblemError('not_found', 'There is no such judgment. It may have passed its retention of two years.')
    return execution
  }

  /** Judges one input with the newest version of a workflow's rule, and keeps the judgment. @throws ProblemError `not_found` */
  async execute(tenantId: string, request: { workflowId: string; input: Record<string, Value> }): Promise<Execution> {
    const { database, clock, hub, metrics, runner, outbox, cache } = this.#parts
    const nowMs = clock.nowMs()
    return database.withTenant(tenantId, async (tx) => {
      const { verdict, method } = await verdictOf({ cache, runner, nowMs }, tx, request)
      const line = codeSchema.safeParse(request.input['line_code'] ?? request.input['line'])
      const judgment: Judgment = {
        ...verdict,
        id: uuidv7(nowMs),
        subject: line.success ? line.data : noLine,
        line: line.success ? line.data : noLine,
        equipment: null,
        previous_status: null,
        method_used: method,
        reading_seq: null,
        judged_at_ms: nowMs,
      }
      const receivedAt = storableInstant(nowMs)
      repository.insertExecutions(tx, { edgeId: null, receivedAt, outbox }, [judgment])
      const execution = executionOf(judgment, null, receivedAt)
      tx.afterCommit(() => {
        metrics.judgments.inc({ origin: 'cloud' })
        hub.publish(tenantId, { event: 'judgment', data: execution })
      })
      return execution
    })
  }

  async #ruleNames(tx: Transaction): Promise<RuleNames> {
    const names = await this.#parts.cache.read(
      { kind: ruleNamesCache, tenantId: tx.tenantId, key: 'all', tags: [rulesTag] },
      async () => Object.fromEntries(await ruleNames(tx)),
    )
    return names ?? {}
  }

  /** In a transaction of their own, the few times that a name is not known: the rows are here by then. */
  async #named(tenantId: string, rows: readonly ExecutionRow[]): Promise<Execution[]> {
    const edgeIds = [...new Set(rows.flatMap(({ edge_id }) => edge_id ?? []))]
    const { cache, database, fleet } = this.#parts
    const names = await cache.readLocal({ kind: edgeNamesCache, tenantId, keys: edgeIds }, (missing) =>
      database.withTenant(tenantId, (tx) => fleet().edgeNames(tx, missing)),
    )
    // Each row was read for this answer alone: put into it, its name costs less than a copy of the other nineteen.
    return rows.map((row) => {
      const execution = row as Execution
      execution.edge_name = row.edge_id === null ? null : (names.get(row.edge_id) ?? null)
      return execution
    })
  }
}

function executionOf(
  { id, judged_at_ms, ...judgment }: Judgment,
  edge: EdgeName | null,
  receivedAt: string,
): Execution {
  return {
    ...judgment,
    execution_id: id,
    workflow_id: judgment.rule_id,
    edge_id: edge?.id ?? null,
    edge_name: edge?.name ?? null,
    executed_at: storableInstant(judged_at_ms),
    received_at: receivedAt,
  }
}

/** A rule that only its edge knows is shown by its id. */
const nameOf = (ruleId: string, names: RuleNames): LocalText =>
  (Object.hasOwn(names, ruleId) ? names[ruleId] : undefined) ?? { ko: ruleId, en: ruleId }

function boardAlarmOf(alarm: AlarmRow, names: RuleNames): BoardAlarm {
  return { ...without(alarm, 'edge_id'), rule_name: nameOf(alarm.rule_id, names) }
}

function alarmRowOf(alarm: Alarm, edgeId: string): AlarmRow {
  const { raised_at_ms, returned_at_ms, acknowledged_at_ms, ...same } = without(alarm, 'changed_at_ms')
  const instant = (ms: number | null) => (ms === null ? null : storableInstant(ms))
  return {
    ...same,
    edge_id: edgeId,
    raised_at: storableInstant(raised_at_ms),
    returned_at: instant(returned_at_ms),
    acknowledged_at: instant(acknowledged_at_ms),
  }
}
