import { createRoute, z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import {
  adoptTagRequestSchema,
  edgePaths,
  edgeTagSchema,
  edgeTagsSchema,
  pageSizeMax,
  tagsQuerySchema,
  withdrawTagQuerySchema,
} from '@jidoka/contract'
import { tagKeySchema } from '@jidoka/domain'
import { answers, body, enclose, signedInSecurity } from '../answers.ts'
import type { EdgeEnv, EdgeServices } from '../context.ts'
import { allow } from '../context.ts'
import { HttpProblem, notFound } from '../problem.ts'

const tags = ['Tags']
const security = signedInSecurity
const list = createRoute({
  method: 'get',
  path: edgePaths.tags,
  tags,
  summary: 'Every tag that has sent a reading',
  description:
    'With `adopted=false` those that no catalogue names: they are stored, and wait for adoption. With `limit` a page in the order of their keys; `meta.next_cursor` leads to the next.',
  security,
  request: { query: tagsQuerySchema },
  responses: answers(edgeTagsSchema, 'Tags with number, unit and last value'),
})
const adopt = createRoute({
  method: 'post',
  path: edgePaths.adoptTag,
  tags,
  summary: 'Adopt a discovered tag, or change an adoption',
  description:
    "Gives it its name, unit, digits and limits on this appliance until the cloud's catalogue names it. Its readings stay as they are.",
  security,
  request: body(adoptTagRequestSchema),
  responses: answers(edgeTagSchema, 'The tag as it stands now'),
})
const withdraw = createRoute({
  method: 'delete',
  path: edgePaths.adoptTag,
  tags,
  summary: 'Take the adoption of a tag back',
  description: 'The tag waits for adoption again; its readings stay.',
  security,
  request: { query: withdrawTagQuerySchema },
  responses: answers(z.object({ key: z.string() }), 'The tag that is discovered again'),
})

export function tagRoutes(app: OpenAPIHono<EdgeEnv>, services: EdgeServices): void {
  const { board, pipeline } = services

  app.openapi(list, (c) => {
    allow(c, 'board:read')
    const { adopted, cursor, limit = cursor === undefined ? Infinity : pageSizeMax } = c.req.valid('query')
    const after = cursor === undefined ? '' : parseCursor(cursor)
    const left = board
      .numberedTags()
      .filter((tag) => tag.key > after && (adopted === undefined || String(tag.adopted) === adopted))
    if (limit === Infinity) return c.json(enclose(c, left), 200)
    const page = left.toSorted((one, other) => (one.key < other.key ? -1 : 1)).slice(0, limit)
    const last = left.length > limit ? page.at(-1) : undefined
    return c.json(enclose(c, page, last && makeCursor(last.key)), 200)
  })

  app.openapi(adopt, async (c) => {
    const { login } = allow(c, 'tag:adopt')
    const request = c.req.valid('json')
    const known = board.numberedTags().find(({ key }) => key === request.key)
    if (known === undefined) throw notFound(`tag "${request.key}"`)
    const outcome = await pipeline.adoptTag({ ...request, kind: known.kind }, login)
    if ('unknown' in outcome) throw notFound(`tag "${request.key}"`)
    if ('refused' in outcome)
      throw new HttpProblem('conflict', "The cloud's catalogue names this tag; change it there.")
    const tag = board.numberedTags().find(({ key }) => key === request.key)
    if (tag === undefined) throw notFound(`tag "${request.key}"`)
    return c.json(enclose(c, tag), 200)
  })

  app.openapi(withdraw, async (c) => {
    const { login } = allow(c, 'tag:adopt')
    const { key } = c.req.valid('query')
    if (!(await pipeline.withdrawTag(key, login))) throw notFound(`adoption of "${key}" on this appliance`)
    return c.json(enclose(c, { key }), 200)
  })
}

/** Opaque to callers: the key behind which the page begins. */
const makeCursor = (key: string): string => Buffer.from(`key ${key}`).toString('base64url')

function parseCursor(cursor: string): string {
  const key = /^key (.*)$/.exec(Buffer.from(cursor, 'base64url').toString())?.[1]
  if (key !== undefined && tagKeySchema.safeParse(key).success) return key
  throw new HttpProblem('invalid_input', 'The cursor is not one that this appliance gave. Begin with the first page.', {
    errors: [{ path: 'cursor', message: 'unknown cursor' }],
  })
}
