import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { OperationalError } from '@jidoka/base'
import { boardSchema, edgePaths, edgeRuleSchema, envelope, fill, lineToCloudSchema } from '@jidoka/contract'
import { ruleDefinitionSchema } from '@jidoka/domain'
import { beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { quarantineSentence } from '../judge/quarantine-sentence.ts'
import { httpLimits } from './limits.ts'
import { HttpHarness, problemOf } from './testing/http-harness.ts'
import { someAlarm, someJudgment } from './testing/memory-journal.ts'

let edge: HttpHarness
beforeEach(() => {
  edge = new HttpHarness()
})

describe('the board', () => {
  test('is what the contract says, in the envelope', async () => {
    edge.journal.tagList = [{ tag_no: 1, key: 'LINE-A/temperature', kind: 'number', unit: '°C' }]
    edge.journal.verdictList = [{ judgment: someJudgment(), sinceMs: 5 }]
    edge.journal.alarmList = [someAlarm()]
    edge.restart()
    edge.journal.commit({
      values: [{ key: 'LINE-A/temperature', timeMs: edge.clock.nowMs(), value: 91.5, quality: 'good' }],
    })
    const answer = await edge.get(edgePaths.board, await edge.cookieOf('viewer'))
    const { data, meta } = envelope(boardSchema).parse(await answer.json())
    expect(meta.request_id).toBe(answer.headers.get('x-request-id'))
    expect(data.tags[0]).toMatchObject({
      key: 'LINE-A/temperature',
      value: 91.5,
      recent: [91.5],
      adopted: false,
      unit: '°C',
    })
    expect(data.verdicts[0]).toMatchObject({ status: 'HIGH', normal: false })
    expect(data.alarms).toHaveLength(1)
    expect(data.line_to_cloud).toMatchObject({ state: 'not_enrolled', disk: { free_bytes: 9_000 } })
  })

  test('an operator acknowledges an alarm once; a viewer may not', async () => {
    const alarm = someAlarm()
    edge.journal.alarmList = [alarm]
    edge.restart()
    const path = fill(edgePaths.acknowledge, { id: alarm.id })
    const acknowledge = (cookie: string) => edge.app.request(path, { method: 'POST', headers: { cookie } })
    expect(await problemOf(acknowledge(await edge.cookieOf('viewer')))).toMatchObject({
      kind: 'not_permitted',
      status: 403,
    })
    const operator = await edge.cookieOf('operator')
    const done = (await (await acknowledge(operator)).json()) as { data: { state: string; acknowledged_by: string } }
    expect(done.data).toMatchObject({ state: 'acknowledged', acknowledged_by: 'operator' })
    expect(await problemOf(acknowledge(operator))).toMatchObject({
      kind: 'alarm_refused',
      reason: 'already_acknowledged',
      status: 409,
    })
  })

  test('open alarms have no pages, and a question for one says so', async () => {
    const cookie = await edge.cookieOf('viewer')
    expect((await edge.get(edgePaths.alarms, cookie)).status).toBe(200)
    expect(await problemOf(edge.get(`${edgePaths.alarms}?cursor=abc`, cookie))).toMatchObject({
      kind: 'invalid_input',
      errors: [{ message: expect.stringContaining('every open alarm comes in one answer') as string }],
    })
  })

  test('ids that are unknown or no ids are told apart', async () => {
    const cookie = await edge.cookieOf('admin')
    expect((await problemOf(edge.get(fill(edgePaths.judgment, { id: someJudgment().id }), cookie))).kind).toBe(
      'not_found',
    )
    expect((await problemOf(edge.get(fill(edgePaths.judgment, { id: 'x' }), cookie))).kind).toBe('invalid_input')
    expect(
      (
        await problemOf(
          edge.get(`${edgePaths.history}?key=LINE-X/none&from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z`, cookie),
        )
      ).kind,
    ).toBe('not_found')
  })

  test('I10: history that runs backwards or over 31 days is refused', async () => {
    const cookie = await edge.cookieOf('admin')
    const ask = (from: string, to: string) =>
      problemOf(edge.get(`${edgePaths.history}?key=LINE-A/temperature&from=${from}&to=${to}`, cookie))
    expect((await ask('2026-01-02T00:00:00Z', '2026-01-01T00:00:00Z')).errors?.[0]?.path).toBe('to')
    expect((await ask('2026-01-01T00:00:00Z', '2026-03-01T00:00:00Z')).errors?.[0]?.path).toBe('from')
  })

  test('a rule that was taken out comes with its error, its place in the script, and since when', async () => {
    const definition = ruleDefinitionSchema.parse({
      id: 'r',
      version: 1,
      name: { ko: 'r', en: 'r' },
      trigger: { on: 'reading', sensor: 'temperature' },
      inputs: [{ name: 'value', from: 'trigger', kind: 'number' }],
      script: 'x',
    })
    const rule = { definition, hash: 'a'.repeat(64), fastPath: false, verdictsTotal: 3 } as const
    edge.journal.ruleList = [
      { ...rule, state: 'quarantined', problem: quarantineSentence(5, 'Line 2, column 5: Division by zero') },
      { ...rule, definition: { ...definition, id: 's' }, state: 'in_force', problem: null },
    ]
    const answer = await edge.get(edgePaths.rules, await edge.cookieOf('viewer'))
    const { data } = envelope(z.array(edgeRuleSchema)).parse(await answer.json())
    expect(data[0]).toMatchObject({
      since: '1970-01-01T00:00:01.000Z',
      failure: { times: 5, error: 'Division by zero', place: { line: 2, column: 5 } },
    })
    expect(data[1]).toMatchObject({ problem: null, failure: null })
  })

  test('a rule that does not compile is refused with its line and column', async () => {
    const cookie = await edge.cookieOf('viewer')
    const definition = {
      id: 'r',
      version: 1,
      name: { ko: 'r', en: 'r' },
      trigger: { on: 'reading', sensor: 'temperature' },
      inputs: [{ name: 'value', from: 'trigger', kind: 'number' }],
      script: 'x',
    }
    expect(await problemOf(edge.post(edgePaths.tryRule, { definition }, { cookie }))).toMatchObject({
      kind: 'rule_refused',
      status: 422,
      line: 2,
      column: 5,
    })
  })
})

describe('judgments', () => {
  test('are paged by a cursor without gap or repeat', async () => {
    edge.journal.judgmentList = Array.from({ length: 25 }, (_, index) => ({
      seq: index + 1,
      judgment: someJudgment({ confidence: index / 100 }),
    }))
    const cookie = await edge.cookieOf('viewer')
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const answer = await edge.get(
        `${edgePaths.judgments}?limit=10${cursor === undefined ? '' : `&cursor=${cursor}`}`,
        cookie,
      )
      const { data, meta } = (await answer.json()) as { data: { id: string }[]; meta: { next_cursor?: string } }
      seen.push(...data.map((each) => each.id))
      cursor = meta.next_cursor
    } while (cursor !== undefined)
    expect(seen).toEqual(edge.journal.judgmentList.toReversed().map(({ judgment }) => judgment.id))
  })

  test('a cursor that was not given by this appliance is refused', async () => {
    const problem = await problemOf(edge.get(`${edgePaths.judgments}?cursor=abc`, await edge.cookieOf('viewer')))
    expect(problem).toMatchObject({ kind: 'invalid_input', errors: [{ path: 'cursor' }] })
  })
})

describe('operation', () => {
  test('/health answers always, /ready names what is not ready', async () => {
    expect((await edge.get('/health')).status).toBe(200)
    expect((await edge.get('/ready')).status).toBe(200)
    edge.notReady = ['The disk of the data folder is full.']
    const answer = await edge.get('/ready')
    expect(answer.status).toBe(503)
    expect(await answer.json()).toEqual({ ready: false, problems: edge.notReady })
    expect((await edge.get('/health')).status).toBe(200)
  })

  test('/metrics speaks Prometheus with the names that dashboards know', async () => {
    const text = await (await edge.get('/metrics')).text()
    for (const name of [
      'jidoka_readings_stored_total',
      'jidoka_judgments_total',
      'jidoka_sync_backlog_rows{lane="readings"} 0',
      'jidoka_alarms_open 0',
      'process_cpu_seconds_total',
    ]) {
      expect(text).toContain(name)
    }
  })

  test('I10: requests are counted by their routes, and no address or method of a sender makes a series', async () => {
    const cookie = await edge.cookieOf('viewer')
    await edge.get(edgePaths.board, cookie)
    for (const path of [fill(edgePaths.acknowledge, { id: 'zqx' }), '/api/v1/zqx', '/zqx', '/zqx/zqx?zqx=1'])
      for (const method of ['GET', 'POST', 'ZQX']) await edge.app.request(path, { method, headers: { cookie } })
    const lines = (await (await edge.get('/metrics')).text()).split('\n')
    expect(lines).toContain(`jidoka_http_requests_total{method="GET",route="${edgePaths.board}",status="200"} 1`)
    expect(lines).toContain(`jidoka_http_request_duration_seconds_count{method="GET",route="${edgePaths.board}"} 1`)
    expect(lines.filter((line) => line.toLowerCase().includes('zqx'))).toEqual([])
  })

  test('a store that cannot write answers 503 with its sentence', async () => {
    const alarm = someAlarm()
    edge.journal.alarmList = [alarm]
    edge.restart()
    const cookie = await edge.cookieOf('operator')
    edge.journal.beforeWrite = () => Promise.reject(new OperationalError('The disk is full.'))
    const problem = await problemOf(
      edge.app.request(fill(edgePaths.acknowledge, { id: alarm.id }), { method: 'POST', headers: { cookie } }),
    )
    expect(problem).toMatchObject({ kind: 'unavailable', status: 503, detail: 'The disk is full.' })
  })

  test('a store that does not answer at all does not hold the caller', async () => {
    const alarm = someAlarm()
    edge.journal.alarmList = [alarm]
    edge.restart()
    const cookie = await edge.cookieOf('operator')
    let reached: () => void = () => {}
    const isWaiting = new Promise<void>((resolve) => (reached = resolve))
    edge.journal.beforeWrite = () => {
      reached()
      return new Promise(() => {})
    }
    const answer = edge.app.request(fill(edgePaths.acknowledge, { id: alarm.id }), {
      method: 'POST',
      headers: { cookie },
    })
    await isWaiting
    edge.clock.advance(httpLimits.answerTimeoutMs)
    expect((await problemOf(answer)).kind).toBe('unavailable')
  })

  test('I8: an error that nobody foresaw is told without its inside', async () => {
    const lineToCloud = () => {
      throw new Error('secret path /root/key')
    }
    edge.restart({ lineToCloud })
    const problem = await problemOf(edge.get(edgePaths.sync, await edge.cookieOf('admin')))
    expect(problem.kind).toBe('internal')
    expect(JSON.stringify(problem)).not.toContain('secret path')
  })

  test('the API describes itself in OpenAPI 3.1 with every path of the contract, and as a page without scripts', async () => {
    const document = (await (await edge.get('/openapi.json')).json()) as {
      openapi: string
      paths: Record<string, unknown>
    }
    expect(document.openapi).toBe('3.1.0')
    for (const path of Object.values(edgePaths)) expect(Object.keys(document.paths)).toContain(path)
    const page = await edge.get('/docs')
    const html = await page.text()
    expect(html).toContain(edgePaths.acknowledge)
    expect(html).not.toContain('<script')
    expect(page.headers.get('content-security-policy')).toContain('sha256-')
  })

  test('every answer carries the headers that keep browsers safe', async () => {
    for (const path of ['/health', '/api/v1/nothing', '/docs']) {
      const { headers } = await edge.get(path)
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
      expect(headers.get('x-request-id')).toBeTruthy()
    }
  })

  test('the sync page has lanes, disk and receipts as the contract says', async () => {
    const answer = await edge.get(edgePaths.sync, await edge.cookieOf('viewer'))
    expect(envelope(lineToCloudSchema).safeParse(await answer.json()).success).toBe(true)
  })
})

describe('the user interface', () => {
  test('hashed files are kept, the page is not, pages of the interface get it, files outside do not leave', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'jidoka-web-'))
    mkdirSync(join(folder, 'assets'))
    writeFileSync(join(folder, 'index.html'), '<!doctype html><title>Jidoka</title>')
    writeFileSync(join(folder, 'assets', 'main-abc123.js'), 'export {}')
    edge.restart({ webFolder: folder })
    const script = await edge.get('/assets/main-abc123.js')
    expect(script.headers.get('cache-control')).toContain('immutable')
    expect(script.headers.get('content-type')).toContain('javascript')
    for (const path of ['/', '/lines/LINE-A', '/index.html']) {
      const page = await edge.get(path)
      expect(page.headers.get('cache-control')).toBe('no-cache')
      expect(await page.text()).toContain('Jidoka')
    }
    expect((await edge.get('/assets/gone.js')).status).toBe(404)
    writeFileSync(join(folder, '..', 'jidoka-outside.txt'), 'outside')
    for (const path of [
      '/..%2fjidoka-outside.txt',
      '/%2e%2e/jidoka-outside.txt',
      '/assets/..%5c..%5cjidoka-outside.txt',
    ]) {
      expect(await (await edge.get(path)).text()).not.toBe('outside')
    }
    rmSync(join(folder, '..', 'jidoka-outside.txt'))
    expect((await problemOf(edge.get('/api/v1/nothing', await edge.cookieOf('admin')))).kind).toBe('not_found')
    rmSync(folder, { recursive: true })
  })

  test('without built files the front page says so', async () => {
    const answer = await edge.get('/')
    expect(answer.status).toBe(404)
    expect(await answer.text()).toContain('web_folder')
  })
})
