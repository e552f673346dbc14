import { cloudPaths, executeAnswerSchema, executionSchema } from '@jidoka/contract'
import { z } from 'zod'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { judgmentRecord, ruleOf, World } from '../../testing/world.ts'
import type { TestEdge } from '../../testing/world.ts'
import type { NewStore } from '../../testing/stores.ts'

export function judgmentCases(newStore: NewStore): void {
  describe('judgments', () => {
    let world: World
    let edge: TestEdge
    const ids: string[] = []
    beforeAll(async () => {
      world = await World.open(await newStore())
      edge = await world.newEdge()
      const startMs = world.clock.nowMs() - 40 * 24 * 3_600_000
      // 25 judgments over 40 days, some at the very same instant.
      const records = Array.from({ length: 25 }, (_, index) =>
        judgmentRecord(startMs + Math.floor(index / 2) * 3 * 24 * 3_600_000, {
          line: index % 2 === 0 ? 'LINE-A' : 'LINE-B',
          status: index % 5 === 0 ? 'HIGH' : 'NORMAL',
          normal: index % 5 !== 0,
          rule_id: index < 20 ? 'press-temperature' : 'vibration',
        }),
      )
      ids.push(...records.map(({ body }) => (body as { id: string }).id))
      await edge.sendRecords(records)
    })
    afterAll(() => world.close())
    const recent = async (query = '') => {
      const { body } = await world.as('GET', `${cloudPaths.judgmentRecent}?limit=200${query}`)
      return z.array(executionSchema).parse(body.data)
    }

    it('come newest first, page by page, each once', async () => {
      const all = await recent()
      expect(all).toHaveLength(25)
      expect(all.map(({ executed_at }) => executed_at)).toEqual(
        all
          .map(({ executed_at }) => executed_at)
          .toSorted()
          .toReversed(),
      )
      const paged: string[] = []
      let cursor = ''
      for (;;) {
        const { body } = await world.as('GET', `${cloudPaths.judgmentRecent}?limit=4${cursor}`)
        paged.push(...body.data.map((row: { execution_id: string }) => row.execution_id))
        if (body.meta.next_cursor === undefined) break
        cursor = `&cursor=${body.meta.next_cursor}`
      }
      expect(paged).toEqual(all.map(({ execution_id }) => execution_id))
      expect(new Set(paged)).toEqual(new Set(ids))
    })

    it('are found by edge, line, rule, status, abnormality and time', async () => {
      expect(await recent(`&edge_id=${edge.id}`)).toHaveLength(25)
      expect(await recent(`&edge_id=${crypto.randomUUID()}`)).toHaveLength(0)
      expect((await recent('&line=LINE-B')).every(({ line }) => line === 'LINE-B')).toBe(true)
      expect(await recent('&rule_id=vibration')).toHaveLength(5)
      expect(await recent('&status=HIGH')).toHaveLength(5)
      expect(await recent('&abnormal=true')).toHaveLength(5)
      expect(await recent('&abnormal=false')).toHaveLength(20)
      const [newest] = await recent()
      expect(
        (await recent(`&from=${newest?.executed_at}`)).every(({ executed_at }) => executed_at === newest?.executed_at),
      ).toBe(true)
      expect(await recent(`&to=${newest?.executed_at}`)).toHaveLength(
        25 - (await recent(`&from=${newest?.executed_at}`)).length,
      )
    })

    it('refuse a filter that makes no sense with a problem and not with a query', async () => {
      expect((await world.as('GET', `${cloudPaths.judgmentRecent}?edge_id=x'--`)).body.data).toEqual([])
      expect((await world.as('GET', `${cloudPaths.judgmentRecent}?from=yesterday`)).body.kind).toBe('invalid_input')
      expect((await world.as('GET', `${cloudPaths.judgmentRecent}?limit=1000`)).body.kind).toBe('invalid_input')
    })

    it('are found by their id, whatever time the id itself says', async () => {
      const answer = await world.as('GET', `/api/v1/judgment/${ids[3]}`)
      expect(executionSchema.parse(answer.body.data)).toMatchObject({
        execution_id: ids[3],
        edge_id: edge.id,
        edge_name: 'press shop',
        workflow_id: 'press-temperature',
      })
      const odd = judgmentRecord(world.clock.nowMs(), { id: crypto.randomUUID() })
      await edge.sendRecords([odd])
      expect((await world.as('GET', `/api/v1/judgment/${(odd.body as { id: string }).id}`)).status).toBe(200)
      expect((await world.as('GET', `/api/v1/judgment/${crypto.randomUUID()}`)).status).toBe(404)
    })

    it('come from months long past when nearer ones do not fill the page', async () => {
      const monthsAgo = [1, 4, 5, 8, 21]
      const old = await world.newEdge()
      const records = monthsAgo.map((months) => judgmentRecord(world.clock.nowMs() - months * 31 * 24 * 3_600_000))
      await old.sendRecords(records)
      const inOrder = records.map(({ body }) => (body as { id: string }).id)
      const page = async (query: string) => {
        const { body } = await world.as('GET', `${cloudPaths.judgmentRecent}?edge_id=${old.id}${query}`)
        return { ids: body.data.map((row: { execution_id: string }) => row.execution_id), next: body.meta.next_cursor }
      }
      expect((await page('')).ids).toEqual(inOrder)
      const first = await page('&limit=3')
      expect(first.ids).toEqual(inOrder.slice(0, 3))
      expect(await page(`&limit=3&cursor=${first.next}`)).toEqual({ ids: inOrder.slice(3), next: undefined })
      const [from, to] = [records[2], records[0]].map((record) => new Date(record?.at_ms ?? 0).toISOString())
      expect((await page(`&from=${from}&to=${to}`)).ids).toEqual(inOrder.slice(1, 3))
    })

    describe('made here', () => {
      beforeAll(async () => {
        await world.as('PUT', '/api/v1/rules/press-temperature', { definition: ruleOf(), based_on_version: 0 })
      })
      const execute = async (input: Record<string, unknown>, workflow_id = 'press-temperature') =>
        world.as('POST', cloudPaths.judgmentExecute, { workflow_id, input })

      it('follow the newest rule, and are kept with all that is needed to make them again', async () => {
        const answer = executeAnswerSchema.parse((await execute({ value: 95, line_code: 'LINE-C' })).body.data)
        expect(answer).toMatchObject({
          status: 'HIGH',
          confidence: 0.95,
          explanation: '95.0 > 90.0',
          method_used: 'rule',
        })
        const kept = (await world.as('GET', `/api/v1/judgment/${answer.execution_id}`)).body.data
        expect(kept).toMatchObject({
          edge_id: null,
          line: 'LINE-C',
          normal: false,
          rule_version: 1,
          inputs: { value: { value: 95 } },
        })
        expect(kept.rule_hash).toMatch(/^[0-9a-f]{64}$/)
      })

      it('are the same for the same input a moment later, say that they were remembered, and are each kept with what the rule saw', async () => {
        const input = { value: 93.25, line_code: 'LINE-D' }
        const first = (await execute(input)).body.data
        // The wall clock alone: no timer runs, and so no event of the rule drops what is remembered just now.
        world.clock.jump(1_000)
        // The order of members is none of the input.
        const second = (await execute({ line_code: 'LINE-D', value: 93.25 })).body.data
        expect([first.method_used, second.method_used]).toEqual(['rule', 'cache'])
        expect({ ...second, execution_id: '', method_used: '' }).toEqual({
          ...first,
          execution_id: '',
          method_used: '',
        })
        expect(second.execution_id).not.toBe(first.execution_id)
        const keptOf = async (id: string) => (await world.as('GET', `/api/v1/judgment/${id}`)).body.data
        const [one, two] = [await keptOf(first.execution_id), await keptOf(second.execution_id)]
        expect(two).toMatchObject({
          line: 'LINE-D',
          rule_hash: one.rule_hash,
          rule_version: one.rule_version,
          normal: false,
        })
        expect(two.inputs.value).toEqual({ value: 93.25, at_ms: one.inputs.value.at_ms + 1_000 })
      })

      it('are made anew from the moment that another version of the rule is saved, and in the other tenant never from here', async () => {
        const put = (of: World, high: number, based_on_version: number, login?: string) =>
          of.as(
            'PUT',
            '/api/v1/rules/changing',
            {
              definition: ruleOf({
                id: 'changing',
                parameters: { high: { value: high, name: { ko: '상한', en: 'High' }, unit: '' } },
                examples: [{ input: { value: 1_000 }, status: 'HIGH' }],
              }),
              based_on_version,
            },
            login,
          )
        const judge = async (of: World, login?: string) =>
          (await of.as('POST', cloudPaths.judgmentExecute, { workflow_id: 'changing', input: { value: 50 } }, login))
            .body.data
        // That there is no such workflow is remembered too, and not beyond its making.
        expect((await execute({ value: 50 }, 'changing')).status).toBe(404)
        await put(world, 90, 0)
        expect(await judge(world)).toMatchObject({ status: 'NORMAL', method_used: 'rule' })
        expect(await judge(world)).toMatchObject({ status: 'NORMAL', method_used: 'cache' })
        await put(world, 40, 1)
        expect(await judge(world)).toMatchObject({ status: 'HIGH', method_used: 'rule' })
        const other = await World.open(world.store, { clock: world.clock, tenant: 'other' })
        expect((await put(other, 90, 0, 'admin@other')).status).toBe(200)
        expect(await judge(other, 'admin@other')).toMatchObject({ status: 'NORMAL', method_used: 'rule' })
        await other.cloud.stop()
      })

      it('I4: are UNJUDGED when an input is missing or of another kind, and say which', async () => {
        expect((await execute({})).body.data).toMatchObject({
          status: 'UNJUDGED',
          confidence: 0,
          explanation: 'not judged, as inputs cannot be used (value: missing)',
        })
        expect((await execute({ value: 'hot' })).body.data.explanation).toContain('value: wrong_kind')
      })

      it('I4: are UNJUDGED when the rule gives a status that may not stand, whatever confidence it claims', async () => {
        // The script goes wrong beyond its examples, where nobody looked when it was saved.
        const script =
          'if input.value > 90.0 { #{ status: "UNJUDGED", confidence: 1.0 } } else if input.value < 0.0 { #{ status: "ok lower", confidence: 1.0 } } else { verdict("NORMAL", 0.8) }'
        const definition = ruleOf({ id: 'forger', script, examples: [{ input: { value: 20 }, status: 'NORMAL' }] })
        expect((await world.as('PUT', '/api/v1/rules/forger', { definition, based_on_version: 0 })).status).toBe(200)
        for (const value of [95, -1]) {
          const { body } = await execute({ value }, 'forger')
          expect(body.data).toMatchObject({ status: 'UNJUDGED', confidence: 0 })
          expect(body.data.explanation).toContain('The rule gave the status')
          const kept = (await world.as('GET', `/api/v1/judgment/${body.data.execution_id}`)).body.data
          expect(kept).toMatchObject({ status: 'UNJUDGED', confidence: 0, normal: false })
        }
      })

      it('are refused for a workflow that is not there', async () => {
        expect((await execute({ value: 1 }, 'nowhere')).status).toBe(404)
      })

      it('follow the standing status that is given, and none when it is not', async () => {
        const definition = ruleOf({
          id: 'deadband',
          inputs: [
            { name: 'value', from: 'trigger', kind: 'number', max_age_s: 60 },
            { name: 'before', from: 'previous_status', kind: 'text' },
          ],
          script:
            'if input.value > 90.0 || (input.value > 85.0 && input.before == "HIGH") { verdict("HIGH", 0.9) } else { verdict("NORMAL", 0.8) }',
          parameters: {},
          examples: [
            { input: { value: 87, before: 'HIGH' }, status: 'HIGH' },
            { input: { value: 87 }, status: 'NORMAL' },
          ],
        })
        expect((await world.as('PUT', '/api/v1/rules/deadband', { definition, based_on_version: 0 })).status).toBe(200)
        expect((await execute({ value: 87, before: 'HIGH' }, 'deadband')).body.data.status).toBe('HIGH')
        expect((await execute({ value: 87 }, 'deadband')).body.data.status).toBe('NORMAL')
      })
    })
  })
}
