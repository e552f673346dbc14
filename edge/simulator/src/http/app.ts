import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describeError } from '@jidoka/base'
import type { Log } from '@jidoka/base'
import { faultKinds, fill, newFaultSchema, plantSpeedSchema, simulatorPaths } from '@jidoka/contract'
import { Hono } from 'hono'
import type { Context } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { secureHeaders } from 'hono/secure-headers'
import { FaultRefusedError } from '../faults/fault-book.ts'
import { faultKindModels } from '../faults/kinds.ts'
import type { SimulatorControl } from '../simulator.ts'
import { onlyFromHere } from './guard.ts'
import { metricsText } from './metrics.ts'
import { invalidInput, problemResponse } from './problem.ts'

/** A fault is a few hundred bytes; without a bound a slip of a script could fill the memory. */
const bodyBytesMax = 16 * 1_024

const pageFile = (name: string): string => readFileSync(new URL(`page/${name}`, import.meta.url), 'utf8')
const page = [
  { path: '/', type: 'text/html; charset=utf-8', text: pageFile('index.html') },
  { path: '/page.js', type: 'text/javascript; charset=utf-8', text: pageFile('page.js') },
  { path: '/messages.js', type: 'text/javascript; charset=utf-8', text: pageFile('messages.js') },
  { path: '/page.css', type: 'text/css; charset=utf-8', text: pageFile('page.css') },
] as const

/** Hono writes parameters as `:id`, the contract as `{id}`. */
const routeOf = (path: string): string => path.replace(/\{(\w+)\}/g, ':$1')

const answer = (context: Context, data: unknown, status: 200 | 201 = 200): Response =>
  context.json({ data, meta: { request_id: randomUUID() } }, status)

/** The simulator's API as `@jidoka/contract` has it, and its page. */
export function createApp(control: SimulatorControl, log: Log): Hono {
  const app = new Hono()
  app.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        connectSrc: ["'self'"],
        imgSrc: ['data:'],
        frameAncestors: ["'none'"],
      },
      // Plain HTTP on loopback: a promise of HTTPS would lock the browser out of every program there.
      strictTransportSecurity: false,
    }),
  )
  app.use(onlyFromHere)
  app.use(
    bodyLimit({
      maxSize: bodyBytesMax,
      onError: () => problemResponse('too_large', `A request has at most ${bodyBytesMax} bytes.`),
    }),
  )

  app.get('/health', (context) => context.json({ status: 'up' }))
  app.get('/ready', (context) => context.json({ status: 'up' }))
  app.get('/metrics', (context) =>
    context.text(metricsText(control), 200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }),
  )

  app.get(simulatorPaths.state, (context) => answer(context, control.state()))
  app.put(simulatorPaths.speed, async (context) => {
    const pace = plantSpeedSchema.safeParse(await jsonBody(context))
    if (!pace.success) return invalidInput(pace.error)
    control.setPace(pace.data)
    return answer(context, control.state())
  })
  app.get(simulatorPaths.faults, (context) => answer(context, control.faults()))
  app.post(simulatorPaths.faults, async (context) => {
    const request = newFaultSchema.safeParse(await jsonBody(context))
    if (!request.success) return invalidInput(request.error)
    const fault = control.addFault(request.data)
    context.header('location', fill(simulatorPaths.fault, { id: fault.id }))
    return answer(context, fault, 201)
  })
  app.delete(simulatorPaths.faults, (context) => answer(context, { removed: control.removeAllFaults() }))
  app.delete(routeOf(simulatorPaths.fault), (context) => {
    const id = context.req.param('id') ?? ''
    return control.removeFault(id)
      ? context.body(null, 204)
      : problemResponse('not_found', `No fault "${id}" runs. It may have ended by itself.`)
  })

  for (const { path, type, text } of page)
    app.get(path, (context) => context.body(text, 200, { 'content-type': type, 'cache-control': 'no-cache' }))
  app.get('/kinds.json', (context) =>
    context.json(
      faultKinds.map((kind) => {
        const { name, effect, hasSeverity } = faultKindModels[kind]
        return { kind, name, effect, has_severity: hasSeverity }
      }),
    ),
  )

  app.notFound((context) => problemResponse('not_found', `There is nothing at ${context.req.path}.`))
  app.onError((error) => {
    if (error instanceof FaultRefusedError)
      return problemResponse(error.reason === 'too_many' ? 'conflict' : 'invalid_input', error.message)
    log.error({ error: describeError(error), stack: error.stack }, 'a request failed')
    return problemResponse('internal', 'The simulator met an error that it did not expect. Its log says more.')
  })
  return app
}

/** The body, or undefined where there is no JSON, which every schema refuses with its own sentence. */
async function jsonBody(context: Context): Promise<unknown> {
  try {
    return await context.req.json()
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
