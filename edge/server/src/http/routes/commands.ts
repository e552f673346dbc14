import { basename } from 'node:path'
import { createRoute, z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { heldCommandSchema, edgePaths, supportBundleMediaType } from '@jidoka/contract'
import type { HeldCommand } from '@jidoka/contract'
import { instant } from '../../board/views.ts'
import type { StoredCommand } from '../../ports.ts'
import { answers, enclose, signedInSecurity } from '../answers.ts'
import type { EdgeEnv, EdgeServices } from '../context.ts'
import { allow } from '../context.ts'
import { httpLimits } from '../limits.ts'

const tags = ['Commands']
const security = signedInSecurity
const list = createRoute({
  method: 'get',
  path: edgePaths.commands,
  tags,
  summary: 'Commands of the cloud with what became of them, newest first',
  security,
  responses: answers(z.array(heldCommandSchema), 'The commands that are held'),
})
const bundle = createRoute({
  method: 'post',
  path: edgePaths.supportBundle,
  tags,
  summary: 'Make a support bundle',
  description:
    'A gzipped tar archive with versions, configuration, metrics, status, the last log lines and the newest problems. No readings, no keys, no passwords.',
  security,
  responses: {
    200: {
      content: { [supportBundleMediaType]: { schema: z.string().meta({ format: 'binary' }) } },
      description: 'The bundle',
    },
    default: answers(z.object({}), '').default,
  },
})

export function commandRoutes(app: OpenAPIHono<EdgeEnv>, services: EdgeServices): void {
  app.openapi(list, (c) => {
    allow(c, 'board:read')
    const newest = services.commands(httpLimits.listRowsMax).toReversed()
    return c.json(enclose(c, newest.map(commandView)), 200)
  })

  app.openapi(bundle, async (c) => {
    const { login } = allow(c, 'settings:manage')
    const { bytes, sha256, file } = await services.supportBundle()
    await services.pipeline.appendRecord({
      at_ms: services.clock.nowMs(),
      kind: 'audit',
      body: { actor: login, action: 'support_bundle.make', subject: file, detail: { bytes: bytes.length, sha256 } },
    })
    return c.body(new Uint8Array(bytes), 200, {
      'content-type': supportBundleMediaType,
      'content-disposition': `attachment; filename="${basename(file)}"`,
    })
  })
}

const commandView = ({ id, command, state, problem, result, changedMs }: StoredCommand): HeldCommand => ({
  id,
  name: command.what.name,
  issued_by: command.issued_by,
  issued_at: instant(command.issued_at_ms),
  expires_at: instant(command.expires_at_ms),
  state,
  problem,
  result,
  changed_at: instant(changedMs),
})
