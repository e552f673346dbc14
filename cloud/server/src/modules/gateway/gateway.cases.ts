import {
  cloudPaths,
  dashboardSchema,
  mobileDashboardSchema,
  mobileJudgmentSchema,
  slackMessageSchema,
  webDashboardSchema,
  webJudgmentSchema,
} from '@jidoka/contract'
import { z } from 'zod'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { NewStore } from '../../testing/stores.ts'
import { alarmRecord, judgmentRecord, World } from '../../testing/world.ts'

export function gatewayCases(newStore: NewStore): void {
  describe('the gateway', () => {
    let world: World
    let token: string
    beforeAll(async () => {
      world = await World.open(await newStore())
      const edge = await world.newEdge()
      const nowMs = world.clock.nowMs()
      const judged = Array.from({ length: 30 }, (_, index) =>
        judgmentRecord(nowMs + index, index % 3 === 0 ? {} : { status: 'NORMAL', normal: true }),
      )
      await edge.sendRecords([...judged, alarmRecord(nowMs)])
      token = await world.accessToken()
    })
    afterAll(() => world.close())
    const ask = async (path: string, headers: Record<string, string> = {}) =>
      world.request('GET', path, { headers: { authorization: `Bearer ${token}`, 'accept-language': 'en', ...headers } })

    it('gives the newest judgments and the fleet in one call, and names what is not there', async () => {
      const { judgments, fleet, bi_widgets, active_workflows, unavailable } = dashboardSchema.parse(
        (await ask(cloudPaths.dashboard)).body.data,
      )
      expect(judgments).toHaveLength(20)
      expect(judgments?.[0]?.executed_at).toBe('2026-11-21T09:00:00.029Z')
      expect(fleet).toMatchObject({ online: 1, open_alarms: 1 })
      expect([bi_widgets, active_workflows]).toEqual([null, null])
      expect(unavailable).toEqual([
        {
          part: 'bi_widgets',
          module: 'bi',
          reason: 'not_installed',
          sentence: 'Analysis widgets: not part of this version yet.',
        },
        {
          part: 'active_workflows',
          module: 'workflow',
          reason: 'not_installed',
          sentence: 'Active workflows: not part of this version yet.',
        },
      ])
    })

    it('says all that an answer depends on: encoding, language, and the origin where pages elsewhere may ask', async () => {
      const open = await World.open(world.store, { clock: world.clock, corsOrigins: 'https://mes.example.kr' })
      for (const authorization of [`Bearer ${token}`, 'Bearer none']) {
        const { headers } = await open.request('GET', cloudPaths.webDashboard, { headers: { authorization } })
        expect(headers.get('vary')).toBe('accept-encoding, origin, accept-language')
      }
      await open.cloud.stop()
    })

    it('speaks Korean to whoever wants Korean, and to whoever says nothing', async () => {
      for (const language of ['ko-KR,en;q=0.5', '']) {
        const { body, headers } = await ask(cloudPaths.webDashboard, { 'accept-language': language })
        const { headline, viewer, unavailable } = webDashboardSchema.parse(body.data)
        expect([headline, viewer?.login]).toEqual(['열린 알람 1건', 'admin'])
        expect(unavailable[0]?.sentence).toBe('분석 위젯: 이 버전에는 아직 없습니다.')
        expect(headers.get('vary')).toContain('accept-language')
        expect(headers.get('cache-control')).toBe('no-store')
      }
    })

    it('gives a telephone a tenth of it, and Slack a message', async () => {
      const web = await ask(cloudPaths.webDashboard)
      const mobile = await ask(cloudPaths.mobileDashboard)
      const slack = await ask(cloudPaths.slackDashboard)
      expect(mobileDashboardSchema.parse(mobile.body.data)).toMatchObject({ headline: '1 open alarm', open_alarms: 1 })
      expect(slackMessageSchema.parse(slack.body.data).text).toBe('1 open alarm')
      const bytes = (answer: { body: unknown }) => JSON.stringify(answer.body).length
      expect(bytes(mobile)).toBeLessThan(bytes(web) / 5)
    })

    it('pages judgments in each shape, the same ones', async () => {
      const pages = []
      for (const [path, schema] of [
        [cloudPaths.webJudgments, webJudgmentSchema],
        [cloudPaths.mobileJudgments, mobileJudgmentSchema],
      ] as const) {
        const first = await ask(`${path}?limit=7`)
        const second = await ask(`${path}?limit=7&cursor=${first.body.meta.next_cursor}`)
        const rows = [first, second].flatMap(({ body }) => z.array(schema).parse(body.data))
        pages.push(rows.map((row) => ('id' in row ? row.id : row.execution_id)))
      }
      expect(new Set(pages[0]).size).toBe(14)
      expect(pages[1]).toEqual(pages[0])
      const slack = await ask(`${cloudPaths.slackJudgments}?limit=7`)
      expect(slackMessageSchema.parse(slack.body.data).blocks).toHaveLength(8)
      expect(slack.body.meta.next_cursor).toBeTruthy()
    })

    it('turns errors into sentences beside the problem, and for Slack into a message', async () => {
      const wrong = await ask(`${cloudPaths.webJudgments}?cursor=x`)
      expect([wrong.status, wrong.body.kind, wrong.body.sentence]).toEqual([
        400,
        'invalid_input',
        'The request is not right. Mend the fields that are named.',
      ])
      expect(wrong.headers.get('content-type')).toBe('application/problem+json')
      const nobody = await world.request('GET', cloudPaths.slackDashboard)
      expect([nobody.status, nobody.body.kind]).toEqual([401, 'not_signed_in'])
      expect(slackMessageSchema.parse(nobody.body).text).toBe('로그인이 끝났습니다. 다시 로그인하세요.')
      expect((await ask(`${cloudPaths.mobileJudgments}?limit=21`)).status).toBe(400)
    })

    it('compresses for browsers', async () => {
      const response = await world.cloud.app.request(cloudPaths.webDashboard, {
        headers: { authorization: `Bearer ${token}`, 'accept-encoding': 'gzip' },
      })
      expect(response.headers.get('content-encoding')).toBe('gzip')
      await response.arrayBuffer()
    })
  })
}
