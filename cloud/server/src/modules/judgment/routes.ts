import {
  cloudPaths,
  deployRuleSchema,
  executeAnswerSchema,
  executeRequestSchema,
  pageQuerySchema,
  putRuleSchema,
  recentQuerySchema,
} from '@jidoka/contract'
import { createRoute } from '@hono/zod-openapi'
import type { App } from '../../platform/http/app.ts'
import type { Guard } from '../../platform/http/env.ts'
import { answers, jsonBody, reply } from '../../platform/http/reply.ts'
import { executeExample, putRuleExample } from './examples.ts'
import {
  cloudRuleSchema,
  executionListSchema,
  executionParamsSchema,
  executionSchema,
  ruleListSchema,
  ruleParamsSchema,
} from './schema.ts'
import type { RulesService } from './rules-service.ts'
import type { JudgmentService } from './service.ts'

const tags = ['judgment']
const ruleTags = ['rules']

export function addJudgmentRoutes(
  app: App,
  { service, rules, guard }: { service: JudgmentService; rules: RulesService; guard: Guard },
): void {
  app.openapi(
    createRoute({
      method: 'post',
      path: cloudPaths.judgmentExecute,
      tags,
      summary: "Judge one input with a workflow's rule",
      middleware: guard('workflow:execute'),
      request: { body: jsonBody(executeRequestSchema, executeExample) },
      responses: answers(executeAnswerSchema, 'The judgment; UNJUDGED when an input is missing'),
    }),
    async (c) => {
      const { workflow_id, input } = c.req.valid('json')
      const { execution_id, status, confidence, explanation, method_used } = await service.execute(
        c.var.caller.tenantId,
        { workflowId: workflow_id, input },
      )
      return reply(c, { execution_id, status, confidence, explanation, method_used })
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: cloudPaths.judgmentRecent,
      tags,
      summary: 'Judgments, newest first; a page may be short, and the last is the one without a next cursor',
      middleware: guard('judgment:read'),
      request: { query: recentQuerySchema },
      responses: answers(executionListSchema, 'A page of judgments'),
    }),
    async (c) => {
      const { rows, next } = await service.recent(c.var.caller.tenantId, c.req.valid('query'))
      return reply(c, rows, next)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: cloudPaths.judgment,
      tags,
      summary: 'One judgment with everything that is needed to make it again',
      middleware: guard('judgment:read'),
      request: { params: executionParamsSchema },
      responses: answers(executionSchema, 'The judgment'),
    }),
    async (c) => reply(c, await service.get(c.var.caller.tenantId, c.req.valid('param').id)),
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: cloudPaths.rules,
      tags: ruleTags,
      summary: 'Rules by id, with where they are deployed',
      middleware: guard('rule:read'),
      request: { query: pageQuerySchema },
      responses: answers(ruleListSchema, 'A page of rules'),
    }),
    async (c) => {
      const { rows, next } = await rules.list(c.var.caller.tenantId, c.req.valid('query'))
      return reply(c, rows, next)
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: cloudPaths.rule,
      tags: ruleTags,
      summary: 'One rule',
      middleware: guard('rule:read'),
      request: { params: ruleParamsSchema },
      responses: answers(cloudRuleSchema, 'The rule'),
    }),
    async (c) => reply(c, await rules.get(c.var.caller.tenantId, c.req.valid('param').id)),
  )

  app.openapi(
    createRoute({
      method: 'put',
      path: cloudPaths.rule,
      tags: ruleTags,
      summary: 'Save the next version of a rule; refused when it does not compile or an example fails',
      middleware: guard('rule:write'),
      request: { params: ruleParamsSchema, body: jsonBody(putRuleSchema, putRuleExample) },
      responses: answers(cloudRuleSchema, 'The rule as saved'),
    }),
    async (c) => {
      const { definition, based_on_version } = c.req.valid('json')
      const { tenantId, login } = c.var.caller
      return reply(
        c,
        await rules.put(tenantId, {
          ruleId: c.req.valid('param').id,
          definition,
          basedOnVersion: based_on_version,
          by: login,
        }),
      )
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: cloudPaths.deployRule,
      tags: ruleTags,
      summary: 'Make the newest version of a rule the desired one of edges',
      middleware: guard('rule:deploy'),
      request: { params: ruleParamsSchema, body: jsonBody(deployRuleSchema) },
      responses: answers(cloudRuleSchema, 'The rule with its deployments'),
    }),
    async (c) => {
      const { tenantId, login } = c.var.caller
      return reply(
        c,
        await rules.deploy(tenantId, {
          ruleId: c.req.valid('param').id,
          edgeIds: c.req.valid('json').edge_ids,
          by: login,
          requestId: c.var.requestId,
        }),
      )
    },
  )
}
