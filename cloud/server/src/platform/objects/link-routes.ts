import { Readable } from 'node:stream'
import { cloudPaths, storedObjectSchema } from '@jidoka/contract'
import { createRoute } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { z } from 'zod'
import type { App } from '../http/app.ts'
import type { AppEnv } from '../http/env.ts'
import { countedAddressOf } from '../http/env.ts'
import { ProblemError } from '../http/problem.ts'
import { answers, reply } from '../http/reply.ts'
import type { RateLimiter } from '../http/rate-limiter.ts'
import { linkLengthMax } from './links.ts'
import type { ObjectLinks } from './links.ts'
import type { ObjectsPort } from './port.ts'
import type { ObjectUploads } from './uploads.ts'

export interface LinkRouteParts {
  readonly objects: ObjectsPort
  readonly uploads: ObjectUploads
  readonly links: ObjectLinks
  readonly limiter: RateLimiter
  readonly trustForwarded: boolean
  readonly nowMs: () => number
}

/** What a link gives to whoever has it, and takes. It goes through this program, as what lies in the bucket is sealed. */
export function addLinkRoutes(
  app: App,
  { objects, uploads, links, limiter, trustForwarded, nowMs }: LinkRouteParts,
): void {
  const stranger = (c: unknown) => {
    const asked = c as Context<AppEnv>
    return limiter.take([{ policy: 'api_stranger', who: countedAddressOf(asked, trustForwarded) }], asked)
  }

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
          description: 'The file, as what it was declared to be',
          content: { '*/*': { schema: z.string().openapi({ format: 'binary' }) } },
        },
      },
    }),
    async (c) => {
      const link = links.read(c.req.valid('param').token, nowMs())
      const found = link === null ? null : await objects.openById(link.tenantId, link.id)
      if (link === null || found === null) {
        await stranger(c)
        throw new ProblemError(
          'not_found',
          'The link has ended, was changed, or what it gave is gone. Ask for a new one.',
        )
      }
      const { contentType, bytes, key } = found.object
      const name = link.fileName ?? key.split('/').at(-1) ?? 'file'
      // Nothing is opened before a piece of it is asked for: of an answer that nobody takes (they have hung up) a file would stay open until it is
      // collected, which ends the program.
      const body = Readable.toWeb(found.stream(), { strategy: { highWaterMark: 0 } })
      return c.body(body as ReadableStream, 200, {
        'content-type': contentType,
        'content-length': String(bytes),
        // Never shown as a page of ours, whatever it is.
        'content-disposition': `attachment; filename*=UTF-8''${headerText(name)}`,
        'content-encoding': 'identity',
        'cache-control': 'private, no-store',
      })
    },
  )

  app.openapi(
    createRoute({
      method: 'put',
      path: cloudPaths.objectUpload,
      tags: ['objects'],
      summary: 'Upload by a link that was made for the file; nobody need be signed in',
      description:
        'The body is the file as it was declared. It is stored whole or not at all; sent again, it is answered as it was the first time.',
      security: [],
      request: {
        params: z.object({ token: z.string().max(linkLengthMax) }),
        body: {
          required: true,
          content: { 'application/octet-stream': { schema: z.string().openapi({ format: 'binary' }) } },
        },
      },
      responses: answers(storedObjectSchema, 'It is stored'),
    }),
    async (c) => {
      const { signal } = c.req.raw
      const said = c.req.header('content-length')
      try {
        const stored = await uploads.take({
          token: c.req.valid('param').token,
          bytesSaid: said === undefined ? null : Number(said),
          body: bodyOf(c.req.raw),
          signal,
        })
        return reply(c, stored)
      } catch (error) {
        // Whoever has a link that is used up asks the database with each attempt, and is nobody else than who makes links up.
        if (error instanceof ProblemError && error.kind === 'not_found') await stranger(c)
        throw error
      }
    },
  )
}

/**
 * As it is: a stream of Node that breaks before anybody reads it ends the program. And not looked at before it is wanted: of a body that was, and is left where it
 * is, the server ends the connection half a second later, with the next request of whoever was told that it is kept.
 */
async function* bodyOf(request: Request): AsyncGenerator<Uint8Array> {
  if (request.body !== null) yield* request.body
}

/** As RFC 8187 writes it, which takes fewer characters as they are than an address does: a "'" ends the part before it. */
const headerText = (name: string): string =>
  encodeURIComponent(name).replaceAll(/['()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
