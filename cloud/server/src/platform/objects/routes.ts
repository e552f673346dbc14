import { Readable } from 'node:stream'
import { cloudPaths } from '@jidoka/contract'
import { createRoute } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { z } from 'zod'
import type { App } from '../http/app.ts'
import type { AppEnv } from '../http/env.ts'
import { addressOf } from '../http/env.ts'
import { ProblemError } from '../http/problem.ts'
import type { RateLimiter } from '../http/rate-limiter.ts'
import { linkLengthMax } from './links.ts'
import type { ObjectLinks } from './links.ts'
import type { ObjectsPort } from './port.ts'

export interface ObjectRouteParts {
  readonly objects: ObjectsPort
  readonly links: ObjectLinks
  readonly limiter: RateLimiter
  readonly trustForwarded: boolean
  readonly nowMs: () => number
}

/** What a link gives, to whoever has it. It goes through this program, as what lies in the bucket is sealed. */
export function addObjectRoutes(app: App, { objects, links, limiter, trustForwarded, nowMs }: ObjectRouteParts): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: cloudPaths.objectLink,
      tags: ['objects'],
      summary: 'Download by a link that was made for it; nobody need be signed in',
      security: [],
      request: { params: z.object({ token: z.string().max(linkLengthMax) }) },
      responses: {
        200: {
          description: 'The file',
          content: { 'application/octet-stream': { schema: z.string().openapi({ format: 'binary' }) } },
        },
      },
    }),
    async (c) => {
      const link = links.read(c.req.valid('param').token, nowMs())
      const found = link === null ? null : await objects.open(link.tenantId, link.key)
      if (link === null || found === null) {
        await limiter.take([{ policy: 'api_stranger', who: addressOf(c as Context<AppEnv>, trustForwarded) }], c)
        throw new ProblemError(
          'not_found',
          'The link has ended, was changed, or what it gave is gone. Ask for a new one.',
        )
      }
      const { contentType, bytes, key } = found.object
      const name = link.fileName ?? key.split('/').at(-1) ?? 'file'
      return c.body(Readable.toWeb(found.stream()) as ReadableStream, 200, {
        'content-type': contentType,
        'content-length': String(bytes),
        // Never shown as a page of ours, whatever it is.
        'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(name)}`,
        'content-encoding': 'identity',
        'cache-control': 'private, no-store',
      })
    },
  )
}
