import { Readable } from 'node:stream'
import { createRoute, z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import {
  courierExportQuerySchema,
  courierExportSchema,
  courierFileHeader,
  courierImportSchema,
  courierMediaType,
  edgePaths,
} from '@jidoka/contract'
import { CourierError } from '@jidoka/sync-protocol'
import { CourierBusyError } from '../../courier/courier-desk.ts'
import { answers, enclose, signedInSecurity } from '../answers.ts'
import type { EdgeEnv, EdgeServices } from '../context.ts'
import { allow } from '../context.ts'
import { HttpProblem } from '../problem.ts'

const tags = ['Courier']
const security = signedInSecurity
const binary = { [courierMediaType]: { schema: z.string().meta({ format: 'binary' }) } }

const exported = createRoute({
  method: 'get',
  path: edgePaths.courierExport,
  tags,
  summary: 'A courier file with what waits for the cloud',
  description: `The answer carries the id of the file in \`${courierFileHeader}\`; whether a next file follows stands in the list of exports once this one is written to its end.`,
  security,
  request: { query: courierExportQuerySchema },
  responses: {
    200: { content: binary, description: 'The file, as it is being written' },
    default: answers(z.object({}), '').default,
  },
})
const exports = createRoute({
  method: 'get',
  path: edgePaths.courierExports,
  tags,
  summary: 'Courier files that were written to their end, newest first',
  security,
  responses: answers(z.array(courierExportSchema), 'The last twenty'),
})
const imported = createRoute({
  method: 'post',
  path: edgePaths.courierImport,
  tags,
  summary: 'Take in a courier file that the cloud has exported for this appliance',
  security,
  request: { body: { required: true, content: binary } },
  responses: answers(courierImportSchema, 'What came of it'),
})

export function courierRoutes(app: OpenAPIHono<EdgeEnv>, { courier }: Pick<EdgeServices, 'courier'>): void {
  app.openapi(exported, async (c) => {
    const { login } = allow(c, 'settings:manage')
    const { max_bytes: bytesMax, from_records: records, from_readings: readings } = c.req.valid('query')
    const { fileId, bytes } = await told(courier.export({ bytesMax, from: { records, readings } }, login))
    const stream = Readable.toWeb(Readable.from(bytes, { objectMode: false })) as ReadableStream<Uint8Array>
    return c.body(stream, 200, {
      'content-type': courierMediaType,
      'content-disposition': `attachment; filename="jidoka-${fileId}.courier"`,
      [courierFileHeader]: fileId,
    })
  })

  app.openapi(exports, (c) => {
    allow(c, 'settings:manage')
    return c.json(enclose(c, [...courier.exports()]), 200)
  })

  app.openapi(imported, async (c) => {
    const { login } = allow(c, 'settings:manage')
    const { body } = c.req.raw
    if (body === null) throw new HttpProblem('invalid_input', 'Send the courier file as the body of the request.')
    return c.json(enclose(c, await told(courier.import(body, login))), 200)
  })
}

/** What is wrong with a file is the sender's to mend, and no failure of the appliance. */
async function told<Value>(work: Promise<Value>): Promise<Value> {
  try {
    return await work
  } catch (error) {
    if (error instanceof CourierBusyError) throw new HttpProblem('conflict', error.message, {}, { cause: error })
    if (error instanceof CourierError)
      throw new HttpProblem(
        error.fault === 'too_large' ? 'too_large' : 'invalid_input',
        error.message,
        {},
        { cause: error },
      )
    throw error
  }
}
