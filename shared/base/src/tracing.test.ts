import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ManualClock, systemClock } from './clock.ts'
import { createLog } from './log.ts'
import { openCollector } from './testing/otlp-collector.ts'
import type { Collector } from './testing/otlp-collector.ts'
import {
  activeSpan,
  inSpan,
  openSpan,
  outgoingTraceparent,
  readTraceparent,
  Tracer,
  writeTraceparent,
} from './tracing.ts'
import type { Span, SpanRecorder } from './tracing.ts'
import { Tracing } from './tracing-export.ts'
import { readHeaders, tracingSettingsSchema } from './tracing-settings.ts'

const sampled = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const unsampled = sampled.replace(/01$/, '00')

/** Keeps the names of what was opened. */
function listing(): { recorder: SpanRecorder; opened: string[] } {
  const opened: string[] = []
  let ids = 0
  const recorder: SpanRecorder = {
    open: (name, _, parent) => {
      opened.push(`${parent?.spanId ?? '-'} > ${name}`)
      const spanId = String(++ids).padStart(16, '0')
      const traceId = parent?.traceId ?? 'a'.repeat(32)
      const span = {
        isRecorded: true,
        isEnded: false,
        traceId,
        spanId,
        traceparent: writeTraceparent({ traceId, spanId, isSampled: true }),
        rename: () => undefined,
        set: () => undefined,
        fail: () => undefined,
        end: () => void (span.isEnded = true),
      }
      return span
    },
  }
  return { recorder, opened }
}

const newTracer = (changes: Partial<ConstructorParameters<typeof Tracer>[0]> = {}) => {
  const clock = new ManualClock()
  const { recorder, opened } = listing()
  const tracer = new Tracer({ clock, ratio: 1, perSecondMax: 1_000, random: () => 0.5, ...changes })
  tracer.recordTo(recorder)
  return { tracer, opened, clock }
}

const seen = async (tracer: Tracer, traceparent?: string): Promise<Span> => {
  let found: Span | undefined
  await tracer.begin('root', { traceparent }, async (span) => void (found = span))
  return found as Span
}

test('what is under way has its parts below it, however deep and however many at once', async () => {
  const { tracer, opened } = newTracer()
  await tracer.begin('request', {}, async () => {
    await Promise.all([
      inSpan('left', {}, async () => {
        await Promise.resolve()
        openSpan('statement')?.end()
      }),
      inSpan('right', {}, () => Promise.resolve()),
    ])
    openSpan('after')?.end()
  })
  expect(opened).toEqual([
    '- > request',
    `${'1'.padStart(16, '0')} > left`,
    `${'1'.padStart(16, '0')} > right`,
    `${'2'.padStart(16, '0')} > statement`,
    `${'1'.padStart(16, '0')} > after`,
  ])
})

test('of a root that is not recorded nothing is, and its parts are just done', async () => {
  const { tracer, opened } = newTracer({ ratio: 0 })
  await tracer.begin('request', {}, async (root) => {
    expect(root.isRecorded).toBe(false)
    await inSpan('part', {}, (span) => Promise.resolve(expect(span).toBeNull()))
    expect(openSpan('statement')).toBeNull()
    expect(outgoingTraceparent()).toBeNull()
    expect(activeSpan()?.traceId).toMatch(/^[\da-f]{32}$/)
  })
  expect(opened).toEqual([])
})

test('the sender decides whether a trace is recorded, and none is more often than a second has room', async () => {
  const { tracer, clock } = newTracer({ ratio: 0, perSecondMax: 2 })
  expect(await seen(tracer, sampled)).toMatchObject({ isRecorded: true, traceId: '0af7651916cd43dd8448eb211c80319c' })
  expect(await seen(tracer, unsampled)).toMatchObject({
    isRecorded: false,
    traceId: '0af7651916cd43dd8448eb211c80319c',
  })
  expect((await seen(tracer, sampled)).isRecorded).toBe(true)
  expect((await seen(tracer, sampled)).isRecorded).toBe(false)
  clock.advance(1_000)
  expect((await seen(tracer, sampled)).isRecorded).toBe(true)
})

test('I10: a sender that marks all its requests takes no room from the traces that begin here', async () => {
  const { tracer, clock } = newTracer({ perSecondMax: 2 })
  for (let request = 0; request < 5; request++) await seen(tracer, sampled)
  const own = []
  for (let request = 0; request < 3; request++) own.push((await seen(tracer)).isRecorded)
  expect(own).toEqual([true, true, false])
  expect((await seen(tracer, sampled)).isRecorded).toBe(false)
  clock.advance(1_000)
  expect([(await seen(tracer, sampled)).isRecorded, (await seen(tracer)).isRecorded]).toEqual([true, true])
})

test('what goes on behind the end of a span is no part of it', async () => {
  const { tracer, opened } = newTracer()
  const { promise, resolve } = Promise.withResolvers<void>()
  let late: Promise<unknown> = Promise.resolve()
  await tracer.begin('request', {}, async () => {
    late = promise.then(() => [activeSpan(), openSpan('late'), outgoingTraceparent()])
  })
  resolve()
  expect(await late).toEqual([null, null, null])
  expect(opened).toEqual(['- > request'])
})

test('what is no traceparent begins a new trace, and what is one comes back as it was', () => {
  const strange = [
    '',
    'x',
    sampled.slice(1),
    `${sampled}-more`,
    sampled.replace('00-', 'ff-'),
    sampled.toUpperCase(),
    unsampled.replace(/-[\da-f]{16}-/, `-${'0'.repeat(16)}-`),
    unsampled.replace(/-[\da-f]{32}-/, `-${'0'.repeat(32)}-`),
    `cc${sampled.slice(2)}-${'x'.repeat(1_000)}`,
  ]
  expect(strange.map((text) => readTraceparent(text))).toEqual(strange.map(() => null))
  // A later version: what it appends is passed over.
  expect(readTraceparent(`cc${sampled.slice(2)}-more`)).toMatchObject({ isSampled: true })
  fc.assert(
    fc.property(fc.string({ maxLength: 80 }), (text) => {
      const context = readTraceparent(text)
      return context === null || writeTraceparent(context).slice(3, 52) === text.slice(3, 52)
    }),
  )
  expect([sampled, unsampled].map((text) => writeTraceparent(readTraceparent(text) ?? expect.fail()))).toEqual([
    sampled,
    unsampled,
  ])
})

test('a log line has the ids of what is under way, whole also where they look like a telephone', async () => {
  const lines: string[] = []
  const log = createLog('t', { destination: { write: (line: string) => void lines.push(line) } })
  const { tracer } = newTracer({ ratio: 0 })
  const traceId = '0101234567890123abcdef0123456789'
  await tracer.begin('request', { traceparent: `00-${traceId}-b7ad6b7169203331-00` }, async () => {
    log.info({ operator: '김영수' }, 'calls 010-1234-5678')
  })
  log.info('outside')
  const [inside, outside] = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(inside).toMatchObject({ traceId, spanId: expect.stringMatching(/^[\da-f]{16}$/) })
  expect(lines[0]).not.toMatch(/1234-5678|김영수/)
  expect(outside).not.toHaveProperty('traceId')
})

test('I8: a line never has what the line before it said', async () => {
  const lines: string[] = []
  const log = createLog('t', { destination: { write: (line: string) => void lines.push(line) } })
  log.info({ subject: 'of-the-first-line' }, 'one')
  log.info('two')
  expect(lines[1]).not.toContain('of-the-first-line')
})

test('settings name what is wrong, and headers are read as OpenTelemetry writes them', () => {
  expect(readHeaders('authorization=Basic%20abc%3D, x-scope=plant ')).toEqual({
    authorization: 'Basic abc=',
    'x-scope': 'plant',
  })
  for (const text of ['nothing', '=x', 'a=%zz', 'a b=c']) expect(readHeaders(text)).toBeNull()
  expect(tracingSettingsSchema.safeParse({ endpoint: 'collector:4318' }).success).toBe(false)
  expect(tracingSettingsSchema.parse({ ratio: '1' })).toMatchObject({ ratio: 1, per_second_max: 100 })
})

const silent = createLog('t', { level: 'silent' })
const openTracing = (endpoint: string, log = silent) =>
  new Tracing({
    settings: tracingSettingsSchema.parse({ endpoint, headers: 'x-token=planted', ratio: 1 }),
    service: { name: 'jidoka-test', version: '1', instance: 'one' },
    clock: systemClock,
    log,
  })

let collector: Collector
beforeAll(async () => void (collector = await openCollector()))
afterAll(() => collector.close())

test('a collector gets spans with their kinds, facts, links and errors, and no sentence of an error', async () => {
  const tracing = openTracing(collector.endpoint)
  await tracing.open()
  const failure = Object.assign(new Error('duplicate key (login)=(planted-login)'), { code: '23505' })
  const facts = { rows: 3, share: 0.5, isFirst: true, lane: 'records' }
  await tracing.tracer
    .begin('POST /x', { kind: 'server', traceparent: sampled, links: [sampled], facts }, async (root) => {
      root.rename('POST /x/:id')
      await inSpan('transaction', { kind: 'client' }, () => Promise.reject(failure))
    })
    .catch(() => undefined)
  await tracing.stop()
  expect(tracing.counts).toEqual({ sent: 2, lost: 0, dropped: 0 })
  expect(collector.headers[0]).toMatchObject({ 'x-token': 'planted' })
  const root = collector.spans.find(({ name }) => name === 'POST /x/:id')
  expect(root).toMatchObject({
    service: 'jidoka-test',
    kind: 'server',
    traceId: '0af7651916cd43dd8448eb211c80319c',
    parentSpanId: 'b7ad6b7169203331',
    facts,
    links: ['0af7651916cd43dd8448eb211c80319c'],
    isError: true,
  })
  expect(collector.spans.find(({ name }) => name === 'transaction')).toMatchObject({
    parentSpanId: root?.spanId,
    kind: 'client',
    isError: true,
    facts: { 'error.type': '23505' },
  })
  expect(JSON.stringify(collector.spans)).not.toContain('planted-login')
})

test('a collector that refuses is told of once, and costs the program nothing but its spans', async () => {
  const lines: string[] = []
  const log = createLog('t', { destination: { write: (line: string) => void lines.push(line) } })
  collector.answerWith(400)
  const tracing = openTracing(collector.endpoint, log)
  await tracing.open()
  for (let index = 0; index < 600; index++) await tracing.tracer.begin('x', {}, () => Promise.resolve())
  await tracing.stop()
  collector.answerWith(200)
  // 100 of them in a second.
  expect(tracing.counts).toMatchObject({ sent: 0, lost: 100 })
  expect(lines).toHaveLength(1)
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'warn', action: 'traces.send', success: false })
  expect(lines[0]).not.toContain('planted')
})
