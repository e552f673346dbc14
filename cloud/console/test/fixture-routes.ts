import { randomUUID } from 'node:crypto'
import {
  auditChainSchema,
  auditEntrySchema,
  auditQuerySchema,
  cloudLineSchema,
  cloudPaths,
  cloudRuleSchema,
  deadEventSchema,
  deployRuleSchema,
  edgeDetailSchema,
  edgeSummarySchema,
  enrolmentSchema,
  executionSchema,
  newEnrolmentSchema,
  pageQuerySchema,
  putRuleSchema,
  recentQuerySchema,
  siteSchema,
  userSchema,
  type CloudRule,
  type ProblemKind,
  type User,
} from '@jidoka/contract'
import { z } from 'zod'
import { deploymentState } from '../src/rules/deployment.ts'
import { edgeDetail } from './fixture-data.ts'
import { putRule, wishRule, type FixtureWorld } from './fixture-world.ts'

/** What the fixture answers with a problem. */
export class Refusal extends Error {
  readonly kind: ProblemKind
  constructor(kind: ProblemKind, detail: string) {
    super(detail)
    this.kind = kind
  }
}

interface Call {
  readonly world: FixtureWorld
  readonly user: User
  readonly body: unknown
  readonly query: Record<string, string>
  readonly parts: readonly string[]
}

export function need(user: User, permission: string): void {
  if (!user.permissions.includes(permission)) throw new Refusal('not_permitted', `this needs ${permission}`)
}
export const found = <Value>(value: Value | null | undefined): Value => {
  if (value === null || value === undefined) throw new Refusal('not_found', 'it is not there')
  return value
}
export const page = <Row>(rows: readonly Row[], { cursor, limit }: { cursor?: string | undefined; limit: number }) => {
  const from = cursor === undefined ? 0 : Number(cursor)
  const next = from + limit
  return { data: rows.slice(from, next), ...(next < rows.length ? { next_cursor: String(next) } : {}) }
}
const detail = (world: FixtureWorld, id: string) => ({
  ...edgeDetail(found(world.edges.find((edge) => edge.id === id)), world.rules),
  troubles: world.fleet.troubles.get(id) ?? [],
})

/** As the cloud counts. */
function withCounts(made: CloudRule): CloudRule {
  const { deployments } = made
  const applied = deployments.filter((deployment) => deploymentState(deployment) === 'applied').length
  const waiting = deployments.filter((deployment) => deploymentState(deployment) === 'waiting').length
  const total = deployments.length
  return { ...made, deployment_counts: { total, applied, waiting, failed: total - applied - waiting } }
}

export type Route = [
  method: string,
  path: string,
  answer: z.ZodType,
  handle: (call: Call) => { data: unknown; next_cursor?: string },
]
/** What pages ask for, but for what belongs to a single edge. */
export const routes: readonly Route[] = [
  ['GET', cloudPaths.me, userSchema, ({ user }) => ({ data: user })],
  ['GET', cloudPaths.edges, z.array(edgeSummarySchema), ({ world }) => ({ data: world.edges })],
  ['GET', cloudPaths.edge, edgeDetailSchema, ({ world, parts }) => ({ data: detail(world, parts[0] ?? '') })],
  ['GET', cloudPaths.sites, z.array(siteSchema), ({ world }) => ({ data: world.sites })],
  ['GET', cloudPaths.lines, z.array(cloudLineSchema), ({ world }) => ({ data: world.lines })],
  ['GET', cloudPaths.rules, z.array(cloudRuleSchema), ({ world }) => ({ data: world.rules.map(withCounts) })],
  [
    'GET',
    cloudPaths.rule,
    cloudRuleSchema,
    ({ world, parts }) => ({
      data: withCounts(found(world.rules.find(({ definition }) => definition.id === parts[0]))),
    }),
  ],
  [
    'PUT',
    cloudPaths.rule,
    cloudRuleSchema,
    ({ world, user, body }) => {
      need(user, 'rule:write')
      const { definition, based_on_version: basedOn } = putRuleSchema.parse(body)
      const saved = putRule(world, definition, basedOn, user.login, Date.now())
      if (saved === null) throw new Refusal('conflict', 'another version was saved meanwhile')
      return { data: saved }
    },
  ],
  [
    'POST',
    cloudPaths.deployRule,
    cloudRuleSchema,
    ({ world, user, body, parts }) => {
      need(user, 'rule:deploy')
      return { data: withCounts(found(wishRule(world, parts[0] ?? '', deployRuleSchema.parse(body).edge_ids))) }
    },
  ],
  [
    'POST',
    cloudPaths.enrolments,
    enrolmentSchema,
    ({ user, body }) => {
      need(user, 'fleet:manage')
      const { site_code: code, valid_min: validMin } = newEnrolmentSchema.parse(body)
      return {
        data: {
          token: `jde_${randomUUID().replaceAll('-', '')}`,
          site_code: code,
          expires_at: new Date(Date.now() + validMin * 60_000).toISOString(),
        },
      }
    },
  ],
  [
    'DELETE',
    cloudPaths.edge,
    z.null(),
    ({ world, user, parts: [id] }) => {
      need(user, 'fleet:manage')
      world.edges = world.edges.map((edge) => (edge.id === id ? { ...edge, state: 'revoked' } : edge))
      return { data: null }
    },
  ],
  [
    'DELETE',
    cloudPaths.desired,
    z.null(),
    ({ world, user, parts: [edgeId, , key] }) => {
      need(user, 'rule:deploy')
      world.rules = world.rules.map((rule) =>
        rule.definition.id === key
          ? { ...rule, deployments: rule.deployments.filter(({ edge_id: id }) => id !== edgeId) }
          : rule,
      )
      return { data: null }
    },
  ],
  [
    'GET',
    cloudPaths.judgmentRecent,
    z.array(executionSchema),
    ({ world, query }) => {
      const wanted = recentQuerySchema.parse(query)
      const rows = world.judgments.filter(
        (row) =>
          (wanted.edge_id === undefined || row.edge_id === wanted.edge_id) &&
          (wanted.line === undefined || row.line === wanted.line) &&
          (wanted.rule_id === undefined || row.rule_id === wanted.rule_id) &&
          (wanted.status === undefined || row.status === wanted.status) &&
          (wanted.abnormal !== 'true' || !row.normal) &&
          (wanted.from === undefined || row.executed_at >= wanted.from) &&
          (wanted.to === undefined || row.executed_at <= wanted.to),
      )
      return page(rows, wanted)
    },
  ],
  [
    'GET',
    cloudPaths.judgment,
    executionSchema,
    ({ world, parts }) => ({ data: found(world.judgments.find((row) => row.execution_id === parts[0])) }),
  ],
  [
    'GET',
    cloudPaths.audit,
    z.array(auditEntrySchema),
    ({ world, user, query }) => {
      need(user, 'audit:read')
      const asked = auditQuerySchema.parse(query)
      const { actor, action, subject, from, to } = asked
      const rows = world.audit.filter(
        (entry) =>
          (actor === undefined || entry.actor === actor) &&
          (action === undefined || entry.action === action || entry.action.startsWith(`${action}.`)) &&
          (subject === undefined || entry.subject === subject) &&
          (from === undefined || entry.at >= from) &&
          (to === undefined || entry.at < to),
      )
      return page(rows, asked)
    },
  ],
  [
    'GET',
    cloudPaths.auditChain,
    auditChainSchema,
    ({ world, user }) => {
      need(user, 'audit:read')
      return { data: world.auditChain }
    },
  ],
  [
    'GET',
    cloudPaths.deadEvents,
    z.array(deadEventSchema),
    ({ world, user, query }) => {
      need(user, 'settings:manage')
      return page(world.deadEvents, pageQuerySchema.parse(query))
    },
  ],
  [
    'POST',
    cloudPaths.deadEventRetry,
    z.strictObject({}),
    ({ world, user, parts: [id] }) => {
      need(user, 'settings:manage')
      found(world.deadEvents.find((event) => event.id === id))
      world.deadEvents = world.deadEvents.filter((event) => event.id !== id)
      return { data: {} }
    },
  ],
]
