import { cloudPaths, cloudRuleSchema } from '@jidoka/contract'
import { wholeRule } from '@jidoka/domain'
import { ruleIdentity } from '@jidoka/rules'
import { z } from 'zod'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ruleOf, World } from '../../testing/world.ts'
import type { TestEdge } from '../../testing/world.ts'
import type { NewStore } from '../../testing/stores.ts'

export function rulesCases(newStore: NewStore): void {
  describe('rules', () => {
    let world: World
    let edge: TestEdge
    beforeAll(async () => {
      world = await World.open(await newStore())
      edge = await world.newEdge()
    })
    afterAll(() => world.close())
    const put = (definition: unknown, based_on_version: number) =>
      world.as('PUT', '/api/v1/rules/press-temperature', { definition, based_on_version })

    it('are saved under the next version with the hash that judgments name them by', async () => {
      const saved = cloudRuleSchema.parse((await put(ruleOf(), 0)).body.data)
      expect(saved).toMatchObject({
        definition: { id: 'press-temperature', version: 1 },
        changed_by: 'admin',
        deployments: [],
      })
      expect(saved.hash).toBe(ruleIdentity(wholeRule(saved.definition)))
    })

    it('are not saved over the change of a colleague', async () => {
      expect((await put(ruleOf({ cool_down_s: 5 }), 1)).body.data.definition.version).toBe(2)
      const late = await put(ruleOf({ cool_down_s: 9 }), 1)
      expect(late.status).toBe(409)
      expect(late.body.kind).toBe('conflict')
      expect(late.body.detail).toContain('admin has saved version 2')
      expect((await put(ruleOf(), 0)).status).toBe(409)
      expect((await world.as('GET', '/api/v1/rules/press-temperature')).body.data.definition.cool_down_s).toBe(5)
    })

    it('I7: are refused when an example fails, when they do not compile, and when they never end', async () => {
      expect((await put(ruleOf({ examples: [{ input: { value: 1 }, status: 'HIGH' }] }), 2)).body.kind).toBe(
        'rule_refused',
      )
      expect((await put(ruleOf({ script: 'if {' }), 2)).body).toMatchObject({ kind: 'rule_refused', line: 1 })
      expect((await put(ruleOf({ script: 'loop { }' }), 2)).body.kind).toBe('rule_refused')
      expect((await world.as('GET', '/api/v1/rules/press-temperature')).body.data.definition.version).toBe(2)
    })

    it.each<[string, Parameters<typeof ruleOf>[0], string]>([
      [
        'gives a status that is none',
        { script: '#{ status: "ok lower", confidence: 1.0 }' },
        'The rule gave the status "ok lower"; a status has 1 to 32 capital letters, digits and "_".',
      ],
      [
        'gives UNJUDGED',
        {
          script: '#{ status: "UNJUDGED", confidence: 1.0 }',
          examples: [{ input: { value: 1 }, status: 'UNJUDGED' }],
        },
        'The rule gave the status UNJUDGED, which only the program gives.',
      ],
      [
        'alarms on a normal status',
        { alarms: { NORMAL: 'low' } },
        'The status NORMAL is a normal one and cannot raise an alarm.',
      ],
      [
        'asks for the reading on production counts',
        { trigger: { on: 'mes' } },
        'The input "value" is taken from the triggering reading, but the rule is triggered by production counts.',
      ],
      [
        'has an example without its input',
        { examples: [{ input: {}, status: 'HIGH' }] },
        'no value for the input "value"',
      ],
    ])('I7: are refused as every edge would refuse them: one that %s', async (_what, changes, sentence) => {
      const refused = await put(ruleOf(changes), 2)
      expect([refused.status, refused.body.kind]).toEqual([422, 'rule_refused'])
      expect(refused.body.detail).toContain(sentence)
      expect((await world.as('GET', '/api/v1/rules/press-temperature')).body.data.definition.version).toBe(2)
    })

    it('are refused under an id that is not theirs', async () => {
      expect((await world.as('PUT', '/api/v1/rules/other', { definition: ruleOf(), based_on_version: 0 })).status).toBe(
        400,
      )
    })

    it('are deployed to edges in their newest version, and what the edge says stands beside', async () => {
      const deploy = async () =>
        cloudRuleSchema.parse(
          (await world.as('POST', '/api/v1/rules/press-temperature/deploy', { edge_ids: [edge.id] })).body.data,
        )
      expect((await deploy()).deployments).toMatchObject([
        { edge_id: edge.id, edge_name: 'press shop', desired_version: 2, reported_version: null },
      ])
      await put(ruleOf({ cool_down_s: 7 }), 2)
      expect((await deploy()).deployments).toMatchObject([{ desired_version: 3 }])
      await edge.sendRecords([
        {
          at_ms: world.clock.nowMs(),
          kind: 'reported',
          body: {
            kind: 'rule',
            key: 'press-temperature',
            version: 3,
            state: 'refused',
            problem: 'line 1: no',
            rule_hash: null,
          },
        },
      ])
      const [rule] = z.array(cloudRuleSchema).parse((await world.as('GET', cloudPaths.rules)).body.data)
      expect(rule?.deployments).toMatchObject([
        { desired_version: 3, reported_version: 3, reported_state: 'refused', problem: 'line 1: no' },
      ])
    })

    it('I7: are not deployed when they were saved before they had to hold together', async () => {
      await world.store.backend.pool.query(
        `update core.rule_scripts set definition = jsonb_set(definition, '{alarms}', '{"NORMAL": "low"}') where rule_id = 'press-temperature'`,
      )
      const answer = await world.as('POST', '/api/v1/rules/press-temperature/deploy', { edge_ids: [edge.id] })
      expect([answer.status, answer.body.detail]).toEqual([
        422,
        'The status NORMAL is a normal one and cannot raise an alarm.',
      ])
      await world.store.backend.pool.query(
        `update core.rule_scripts set definition = jsonb_set(definition, '{alarms}', '{"HIGH": "high"}') where rule_id = 'press-temperature'`,
      )
    })

    it('are deployed to all edges of a request or to none', async () => {
      const second = await world.newEdge({ name: 'second' })
      const answer = await world.as('POST', '/api/v1/rules/press-temperature/deploy', {
        edge_ids: [second.id, crypto.randomUUID()],
      })
      expect(answer.status).toBe(404)
      const { deployments } = (await world.as('GET', '/api/v1/rules/press-temperature')).body.data
      expect(deployments.map((deployment: { edge_id: string }) => deployment.edge_id)).toEqual([edge.id])
    })
  })
}
