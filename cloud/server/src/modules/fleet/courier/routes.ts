import { Readable } from 'node:stream'
import type { Log } from '@jidoka/base'
import { createRoute, z } from '@hono/zod-openapi'
import {
  cloudPaths,
  courierBeginQuerySchema,
  courierFileHeader,
  courierFileSchema,
  courierMediaType,
  courierPieceBytes,
} from '@jidoka/contract'
import { courierKeySchema, keyFingerprint, protocolVersion, syncPaths } from '@jidoka/sync-protocol'
import type { EventHub } from '../../../platform/events.ts'
import type { App } from '../../../platform/http/app.ts'
import { limitBody } from '../../../platform/http/body-limit.ts'
import type { Guard } from '../../../platform/http/env.ts'
import { ProblemError } from '../../../platform/http/problem.ts'
import { answers, nothing, reply } from '../../../platform/http/reply.ts'
import type { EdgeAuthenticator } from '../edge-identity.ts'
import { checkProtocol } from '../protocol-version.ts'
import { edgeParamsSchema } from '../schema.ts'
import type { CourierDesk } from './courier-desk.ts'
import { exportDown } from './export.ts'
import type { ExportParts } from './export.ts'
import { keepCourierKey } from './repository.ts'

const tags = ['courier']
const fileParamsSchema = z.object({ file: z.uuid() })
const pieceParamsSchema = z.object({ file: z.uuid(), no: z.coerce.number().int().min(0).max(100_000) })
const binary = { content: { [courierMediaType]: { schema: z.string().meta({ format: 'binary' }) } } }

export interface CourierRouteParts extends ExportParts {
  readonly desk: CourierDesk
  readonly guard: Guard
  readonly authenticator: EdgeAuthenticator
  readonly hub: EventHub
  readonly log: Log
}

/** Courier files: one out for an edge, and files of edges in, piece by piece. */
export function addCourierRoutes(app: App, parts: CourierRouteParts): void {
  const { desk, guard } = parts
  addKeyRoute(app, parts)

  app.openapi(
    createRoute({
      method: 'get',
      path: cloudPaths.edgeCourier,
      tags,
      summary: 'A courier file for an edge: what it shall be, receipts, keys',
      middleware: guard('fleet:manage'),
      request: { params: edgeParamsSchema },
      responses: { 200: { ...binary, description: 'The file' } },
    }),
    async (c) => {
      const { tenantId, login } = c.var.caller
      const { fileId, bytes } = await exportDown(parts, tenantId, c.req.valid('param').id, login)
      const stream = Readable.toWeb(Readable.from(bytes, { objectMode: false })) as ReadableStream<Uint8Array>
      return c.body(stream, 200, {
        'content-type': courierMediaType,
        'content-disposition': `attachment; filename="jidoka-${fileId}.courier"`,
        [courierFileHeader]: fileId,
      })
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: cloudPaths.courierFiles,
      tags,
      summary: 'Courier files that were brought here, those that are not done first',
      middleware: guard('fleet:manage'),
      responses: answers(z.array(courierFileSchema), 'The files'),
    }),
    async (c) => reply(c, await desk.files(c.var.caller.tenantId)),
  )

  const pieceBody = limitBody(
    courierPieceBytes,
    () => new ProblemError('too_large', `A piece has ${courierPieceBytes} bytes at most. Cut the file there.`),
  )
  app.openapi(
    createRoute({
      method: 'post',
      path: cloudPaths.courierFiles,
      tags,
      summary: 'Begin a courier file of an edge, or go on with one',
      description: `The body is its first ${courierPieceBytes} bytes. The answer names the pieces that are missing: send each, in any order.`,
      // First the limit: the guard reads the body of what is sent under a key.
      middleware: [pieceBody, guard('fleet:manage')] as const,
      request: { query: courierBeginQuerySchema, body: { required: true, ...binary } },
      responses: answers(courierFileSchema, 'The file as it stands'),
    }),
    async (c) => {
      const { tenantId, login } = c.var.caller
      const piece = new Uint8Array(await c.req.arrayBuffer())
      return reply(c, await desk.begin(tenantId, c.req.valid('query').bytes, piece, login))
    },
  )

  app.openapi(
    createRoute({
      method: 'put',
      path: cloudPaths.courierPiece,
      tags,
      summary: 'A piece of a courier file; the last one that was missing sets the work going',
      middleware: [guard('fleet:manage'), pieceBody] as const,
      request: { params: pieceParamsSchema, body: { required: true, ...binary } },
      responses: answers(courierFileSchema, 'The file as it stands'),
    }),
    async (c) => {
      const { file, no } = c.req.valid('param')
      return reply(c, await desk.putPiece(c.var.caller.tenantId, file, no, new Uint8Array(await c.req.arrayBuffer())))
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: cloudPaths.courierFile,
      tags,
      summary: 'How far a courier file has come',
      middleware: guard('fleet:manage'),
      request: { params: fileParamsSchema },
      responses: answers(courierFileSchema, 'The file as it stands'),
    }),
    async (c) => reply(c, await desk.file(c.var.caller.tenantId, c.req.valid('param').file)),
  )

  app.openapi(
    createRoute({
      method: 'delete',
      path: cloudPaths.courierFile,
      tags,
      summary: 'Forget a courier file; what was taken of it stays',
      middleware: guard('fleet:manage'),
      request: { params: fileParamsSchema },
      responses: answers(nothing, 'Forgotten'),
    }),
    async (c) => {
      const { tenantId, login } = c.var.caller
      await desk.remove(tenantId, c.req.valid('param').file, login)
      return reply(c, {})
    },
  )
}

/** What edges call, once: their key for ours. */
function addKeyRoute(app: App, { authenticator, database, audit, hub, clock, log, trust }: CourierRouteParts): void {
  app.put(syncPaths.courierKey, async (c) => {
    const found = await authenticator.find(c.req.raw)
    const body = new Uint8Array(await c.req.arrayBuffer())
    const { tenantId, edgeId } = await authenticator.verify(found, c.req.raw, body)
    const json = parseJson(body)
    checkProtocol(json)
    const { courier_key: key } = courierKeySchema.parse(json)
    await database.withTenant(tenantId, async (tx) => {
      const before = await keepCourierKey(tx, edgeId, key)
      if (before === undefined) return
      const detail = { before: before === null ? null : keyFingerprint(before), after: keyFingerprint(key) }
      await audit.append(tx, { actor: `edge:${edgeId}`, action: 'edge.courier_key', subject: edgeId, detail })
      if (before === null) return
      // An appliance has no reason to change it but a new identity; a copy of one would have what people carry to it.
      tx.afterCommit(() => {
        log.warn({ action: 'edge.courier_key', edge: edgeId, ...detail }, 'an edge has changed its courier key')
        const seen_at = new Date(clock.nowMs()).toISOString()
        hub.publish(tenantId, { event: 'edge', data: { edge_id: edgeId, lines: [], seen_at } })
      })
    })
    const newest = trust().at(-1)
    if (newest === undefined) throw new TypeError('a cloud has at least one list of its keys')
    return c.json({ protocol: protocolVersion, trust: newest })
  })
}

/** Any JSON; what is none fails the schema. */
function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString('utf8'))
  } catch (cause) {
    if (cause instanceof SyntaxError) return undefined
    throw cause
  }
}
