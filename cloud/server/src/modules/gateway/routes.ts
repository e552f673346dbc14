import {
  cloudPaths,
  dashboardSchema,
  mobileDashboardSchema,
  mobileJudgmentSchema,
  pageQuerySchema,
  problemSchema,
  shortPageQuerySchema,
  slackMessageSchema,
  webDashboardSchema,
  webJudgmentSchema,
} from '@jidoka/contract'
import type { Dashboard } from '@jidoka/contract'
import { createRoute } from '@hono/zod-openapi'
import { describeError } from '@jidoka/base'
import type { Context, MiddlewareHandler } from 'hono'
import { z } from 'zod'
import type { App } from '../../platform/http/app.ts'
import type { AppEnv, Guard } from '../../platform/http/env.ts'
import { answers, reply } from '../../platform/http/reply.ts'
import type { CallFor } from '../../platform/remote/contract.ts'
import { localeOf } from './locale.ts'
import type { FetchParts } from './parts.ts'
import { fetchDashboard, partMsMax, within } from './parts.ts'
import { sentenceOfAbsence, sentenceOfJudgment, sentenceOfProblem } from './sentences.ts'
import {
  mobileDashboardOf,
  mobileJudgmentOf,
  slackDashboardOf,
  slackJudgmentsOf,
  slackProblemOf,
  webDashboardOf,
} from './shapes.ts'

const tags = ['gateway']
/** Sent along beside what else an answer depends on, so that no cache gives one reader another's. */
const variesBy = 'accept-language'

/** `responses` of a route whose problems have a sentence for people, unless they were found before its language was. */
const toldAnswers = <Schema extends z.ZodType>(
  schema: Schema,
  description: string,
  told: z.ZodType = problemSchema.extend({ sentence: z.string().optional() }),
) => ({
  ...answers(schema, description),
  default: {
    description: 'A problem; `sentence` is for people, in the language of Accept-Language',
    content: { 'application/problem+json': { schema: told } },
  },
})
const toldInSlack = problemSchema.extend({
  sentence: z.string().optional(),
  ...slackMessageSchema.partial().shape,
})

/** The dashboard in one call, and what pages, telephones and Slack make of it. */
export function addGatewayRoutes(app: App, { guard, ...parts }: FetchParts & { readonly guard: Guard }): void {
  const { calls, clock, log } = parts
  const asked = (c: Context<AppEnv>) => ({ locale: localeOf(c.req.header('accept-language')), caller: c.var.caller })
  const on = (c: Context<AppEnv>): CallFor => {
    const { tenantId, login } = c.var.caller
    return { tenantId, by: login, requestId: c.var.requestId }
  }
  const dashboard = async (c: Context<AppEnv>): Promise<Dashboard> => {
    c.header('vary', variesBy, { append: true })
    const { locale, caller } = asked(c)
    const fetched = await fetchDashboard(parts, caller, c.var.requestId)
    return {
      ...fetched,
      unavailable: fetched.unavailable.map((absent) => ({
        ...absent,
        sentence: sentenceOfAbsence(absent.part, absent.reason, locale),
      })),
    }
  }
  /** Who is looking is nice to know; a dashboard without it is one all the same. */
  const viewer = async (c: Context<AppEnv>) => {
    const late = new AbortController()
    const asking = { ...on(c), signal: late.signal }
    try {
      return await within(clock, partMsMax, late, () => calls.identity.me(asking, {}))
    } catch (error) {
      const { requestId } = c.var
      log.warn({ action: 'dashboard.viewer', module: 'identity', success: false, requestId }, describeError(error))
      return null
    }
  }
  const judgments = async (c: Context<AppEnv>, page: { cursor?: string | undefined; limit: number }) => {
    c.header('vary', variesBy, { append: true })
    return calls.judgment.recent(on(c), page)
  }

  app.use('/bff/*', withSentences())

  app.openapi(
    createRoute({
      method: 'get',
      path: cloudPaths.dashboard,
      tags,
      summary:
        'What matters of all modules at once; a module that is absent or down is named, and the rest still comes',
      middleware: guard(null),
      responses: answers(dashboardSchema, 'The parts; null: see "unavailable"'),
    }),
    async (c) => reply(c, await dashboard(c)),
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: cloudPaths.webDashboard,
      tags,
      summary: 'The dashboard for browsers: everything, with sentences in the language of Accept-Language',
      middleware: guard(null),
      responses: toldAnswers(webDashboardSchema, 'The dashboard'),
    }),
    async (c) => {
      const [read, who] = await Promise.all([dashboard(c), viewer(c)])
      return reply(c, webDashboardOf(read, who, asked(c).locale))
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: cloudPaths.mobileDashboard,
      tags,
      summary: 'The dashboard for telephones: figures and one line a judgment',
      middleware: guard(null),
      responses: toldAnswers(mobileDashboardSchema, 'The dashboard'),
    }),
    async (c) => reply(c, mobileDashboardOf(await dashboard(c), asked(c).locale)),
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: cloudPaths.slackDashboard,
      tags,
      summary: 'The dashboard as a message for Slack: post `data` as it is',
      middleware: guard(null),
      responses: toldAnswers(slackMessageSchema, 'Text and blocks', toldInSlack),
    }),
    async (c) => reply(c, slackDashboardOf(await dashboard(c), asked(c).locale)),
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: cloudPaths.webJudgments,
      tags,
      summary: 'Judgments for browsers, newest first, each with its sentence',
      middleware: guard('judgment:read'),
      request: { query: pageQuerySchema },
      responses: toldAnswers(z.array(webJudgmentSchema), 'A page of judgments'),
    }),
    async (c) => {
      const { rows, next } = await judgments(c, c.req.valid('query'))
      const { locale } = asked(c)
      return reply(
        c,
        rows.map((row) => ({ ...row, sentence: sentenceOfJudgment(row, locale) })),
        next,
      )
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: cloudPaths.mobileJudgments,
      tags,
      summary: 'Judgments for telephones, newest first, one line each',
      middleware: guard('judgment:read'),
      request: { query: shortPageQuerySchema },
      responses: toldAnswers(z.array(mobileJudgmentSchema), 'A page of judgments'),
    }),
    async (c) => {
      const { rows, next } = await judgments(c, c.req.valid('query'))
      const { locale } = asked(c)
      return reply(
        c,
        rows.map((row) => mobileJudgmentOf(row, locale)),
        next,
      )
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: cloudPaths.slackJudgments,
      tags,
      summary: 'Judgments as a message for Slack, newest first',
      middleware: guard('judgment:read'),
      request: { query: shortPageQuerySchema },
      responses: toldAnswers(slackMessageSchema, 'Text and blocks', toldInSlack),
    }),
    async (c) => {
      const { rows, next } = await judgments(c, c.req.valid('query'))
      return reply(c, slackJudgmentsOf(rows, asked(c).locale), next)
    },
  )
}

/** Adds to a problem what a person is told, in the language of the request; for Slack as a message that can be posted. The rest of the problem stays as it is. */
function withSentences(): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    c.header('cache-control', 'no-store')
    await next()
    if (c.error === undefined || c.res.headers.get('content-type') !== 'application/problem+json') return
    const problem: unknown = await c.res.clone().json()
    const known = problemSchema.safeParse(problem)
    if (!known.success) return
    const sentence = sentenceOfProblem(known.data.kind, localeOf(c.req.header('accept-language')))
    const message = c.req.path.startsWith('/bff/slack/') ? slackProblemOf(sentence) : {}
    const { status, headers } = c.res
    headers.delete('content-length')
    if (headers.get('vary')?.includes(variesBy) !== true) headers.append('vary', variesBy)
    c.res = undefined
    c.res = new Response(JSON.stringify({ ...(problem as object), sentence, ...message }), { status, headers })
  }
}
