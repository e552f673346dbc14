import { createRoute, z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import {
  edgePaths,
  edgeRuleSchema,
  judgmentsQuerySchema,
  judgmentViewSchema,
  tryRuleAnswerSchema,
  tryRuleRequestSchema,
} from '@jidoka/contract'
import { judgmentView } from '../../board/views.ts'
import { readQuarantineSentence } from '../../judge/quarantine-sentence.ts'
import type { JudgmentFilter } from '../../ports.ts'
import { answers, body, enclose, signedInSecurity } from '../answers.ts'
import type { EdgeEnv, EdgeServices } from '../context.ts'
import { allow } from '../context.ts'
import { HttpProblem, notFound } from '../problem.ts'

const security = signedInSecurity
const list = createRoute({
  method: 'get',
  path: edgePaths.judgments,
  tags: ['Judgments'],
  summary: 'Judgments, newest first',
  security,
  request: { query: judgmentsQuerySchema },
  responses: answers(z.array(judgmentViewSchema), 'A page; `meta.next_cursor` leads to the next'),
})
const detail = createRoute({
  method: 'get',
  path: edgePaths.judgment,
  tags: ['Judgments'],
  summary: 'A judgment with the snapshot of its inputs',
  security,
  request: { params: z.object({ id: z.uuid() }) },
  responses: answers(judgmentViewSchema, 'The judgment'),
})
const rules = createRoute({
  method: 'get',
  path: edgePaths.rules,
  tags: ['Rules'],
  summary: 'Rules of this appliance and their state',
  security,
  responses: answers(z.array(edgeRuleSchema), 'Rules'),
})
const tryRule = createRoute({
  method: 'post',
  path: edgePaths.tryRule,
  tags: ['Rules'],
  summary: 'Try a rule out without deploying it',
  description: 'Compiles the rule, runs its examples, and judges `input` if there is one. Nothing is stored.',
  security,
  request: body(tryRuleRequestSchema),
  responses: answers(tryRuleAnswerSchema, 'What the rule says'),
})

export function judgmentRoutes(app: OpenAPIHono<EdgeEnv>, services: EdgeServices): void {
  const { reader, pipeline } = services

  app.openapi(list, (c) => {
    allow(c, 'judgment:read')
    const query = c.req.valid('query')
    const filter: JudgmentFilter = {
      // One more than asked for tells whether another page follows.
      limit: query.limit + 1,
      ...(query.line === undefined ? {} : { line: query.line }),
      ...(query.rule_id === undefined ? {} : { ruleId: query.rule_id }),
      ...(query.status === undefined ? {} : { status: query.status }),
      ...(query.abnormal === undefined ? {} : { abnormal: query.abnormal === 'true' }),
      ...(query.from === undefined ? {} : { fromMs: Date.parse(query.from) }),
      ...(query.to === undefined ? {} : { toMs: Date.parse(query.to) }),
      ...(query.cursor === undefined ? {} : { beforeSeq: parseCursor(query.cursor) }),
    }
    const found = reader.judgments(filter)
    const page = found.slice(0, query.limit)
    const last = found.length > query.limit ? page.at(-1) : undefined
    return c.json(
      enclose(
        c,
        page.map(({ judgment }) => judgmentView(judgment)),
        last && makeCursor(last.seq),
      ),
      200,
    )
  })

  app.openapi(detail, (c) => {
    allow(c, 'judgment:read')
    const judgment = reader.judgment(c.req.valid('param').id)
    if (judgment === null) throw notFound('such judgment')
    return c.json(enclose(c, judgmentView(judgment)), 200)
  })

  app.openapi(rules, async (c) => {
    allow(c, 'rule:read')
    const inForce = await pipeline.rules()
    const sinceMs = reader.rulesSinceMs()
    const views = inForce.map(({ definition, hash, fastPath, state, problem, verdictsTotal }) => ({
      definition,
      hash,
      fast_path: fastPath,
      state,
      since: instantOrNull(sinceMs.get(definition.id)),
      problem,
      failure: problem === null ? null : readQuarantineSentence(problem),
      verdicts_total: verdictsTotal,
    }))
    return c.json(enclose(c, views), 200)
  })

  app.openapi(tryRule, async (c) => {
    allow(c, 'rule:read')
    const { definition, input } = c.req.valid('json')
    const outcome = await services.tryRule(definition, input)
    if ('answer' in outcome) return c.json(enclose(c, outcome.answer), 200)
    const { kind, problem, ...place } = outcome.refused
    throw new HttpProblem(kind, problem, place)
  })
}

const instantOrNull = (atMs: number | undefined): string | null =>
  atMs === undefined ? null : new Date(atMs).toISOString()

/** Opaque to callers: the number of the record before which the page begins. */
const makeCursor = (seq: number): string => Buffer.from(`seq ${seq}`).toString('base64url')

function parseCursor(cursor: string): number {
  const match = /^seq ([1-9]\d{0,15})$/.exec(Buffer.from(cursor, 'base64url').toString())
  if (match === null)
    throw new HttpProblem(
      'invalid_input',
      'The cursor is not one that this appliance gave. Begin with the first page.',
      { errors: [{ path: 'cursor', message: 'unknown cursor' }] },
    )
  return Number(match[1])
}
