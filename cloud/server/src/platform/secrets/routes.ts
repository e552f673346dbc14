import {
  cloudPaths,
  maskedTextSchema,
  newPiiSchema,
  putSecretSchema,
  revealedPiiSchema,
  revealPiiSchema,
  secretNameSchema,
  secretsSchema,
} from '@jidoka/contract'
import { createRoute } from '@hono/zod-openapi'
import { z } from 'zod'
import type { Database } from '../db/database.ts'
import type { App } from '../http/app.ts'
import type { Guard } from '../http/env.ts'
import { ProblemError } from '../http/problem.ts'
import { answers, jsonBody, nothing, reply } from '../http/reply.ts'
import type { PiiVault } from './pii-vault.ts'
import type { SecretsPort } from './port.ts'

const byName = z.object({ name: secretNameSchema })
const byId = z.object({ id: z.uuid() })

/** Secrets go in and never out: a value is for the modules of this program. */
export function addSecretRoutes(
  app: App,
  { secrets, database, guard }: { secrets: SecretsPort; database: Database; guard: Guard },
): void {
  const tags = ['secrets']
  app.openapi(
    createRoute({
      method: 'get',
      path: cloudPaths.secrets,
      tags,
      summary: 'Names of the secrets, and which master keys seal them; never a value',
      middleware: guard('secret:manage'),
      responses: answers(secretsSchema, 'The secrets'),
    }),
    async (c) => reply(c, await secrets.list(c.var.caller.tenantId)),
  )

  app.openapi(
    createRoute({
      method: 'put',
      path: cloudPaths.secret,
      tags,
      summary: 'Set a secret, in place of one of the same name',
      middleware: guard('secret:manage'),
      request: { params: byName, body: jsonBody(putSecretSchema) },
      responses: answers(nothing, 'Set'),
    }),
    async (c) => {
      const { tenantId, login } = c.var.caller
      const sealed = await secrets.seal(tenantId, { name: c.req.valid('param').name, ...c.req.valid('json') })
      await database.withTenant(tenantId, (tx) => secrets.put(tx, sealed, { person: login }))
      return reply(c, {})
    },
  )

  app.openapi(
    createRoute({
      method: 'delete',
      path: cloudPaths.secret,
      tags,
      summary: 'Remove a secret',
      middleware: guard('secret:manage'),
      request: { params: byName },
      responses: answers(nothing, 'Removed'),
    }),
    async (c) => {
      const { tenantId, login } = c.var.caller
      const { name } = c.req.valid('param')
      if (!(await database.withTenant(tenantId, (tx) => secrets.remove(tx, name, { person: login }))))
        throw new ProblemError('not_found', `There is no secret "${name}". Look at the list for its name.`)
      return reply(c, {})
    },
  )
}

/** Texts with something personal in them. */
export function addPiiRoutes(app: App, { vault, guard }: { vault: PiiVault; guard: Guard }): void {
  const tags = ['pii']
  const nothingThere = () =>
    new ProblemError('not_found', 'There is no original of this id: it was forgotten, or nothing personal was in it.')

  app.openapi(
    createRoute({
      method: 'post',
      path: cloudPaths.pii,
      tags,
      summary: 'Mask a text; the original is kept sealed when something personal is in it',
      middleware: guard('workflow:execute'),
      request: { body: jsonBody(newPiiSchema) },
      responses: answers(maskedTextSchema, 'The text as it may be passed on'),
    }),
    async (c) => {
      const { tenantId, login } = c.var.caller
      const { text, subject } = c.req.valid('json')
      return reply(c, await vault.keep(tenantId, text, { subject, by: login }))
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: cloudPaths.piiReveal,
      tags,
      summary: 'The original; who asked and why is audited',
      middleware: guard('pii:read'),
      request: { params: byId, body: jsonBody(revealPiiSchema) },
      responses: answers(revealedPiiSchema, 'The original'),
    }),
    async (c) => {
      const { tenantId, login } = c.var.caller
      const original = await vault.reveal(tenantId, c.req.valid('param').id, {
        by: login,
        reason: c.req.valid('json').reason,
      })
      if (original === null) throw nothingThere()
      return reply(c, original)
    },
  )

  app.openapi(
    createRoute({
      method: 'delete',
      path: cloudPaths.piiOriginal,
      tags,
      summary: 'Forget an original',
      middleware: guard('pii:read'),
      request: { params: byId },
      responses: answers(nothing, 'Forgotten'),
    }),
    async (c) => {
      const { tenantId, login } = c.var.caller
      if (!(await vault.forget(tenantId, c.req.valid('param').id, login))) throw nothingThere()
      return reply(c, {})
    },
  )
}
