import { cloudPaths, cloudRuleSchema, fill } from '@jidoka/contract'
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

    it('are deployed to many edges as to each alone: one that has it keeps it, one that gave it back goes on counting', async () => {
      const { pool } = world.store.backend
      const id = 'of-many'
      const deploy = (...edgeIds: string[]) =>
        world.as('POST', fill(cloudPaths.deployRule, { id }), { edge_ids: edgeIds })
      await world.as('PUT', fill(cloudPaths.rule, { id }), { definition: ruleOf({ id }), based_on_version: 0 })
      const edges = [await world.newEdge(), await world.newEdge(), await world.newEdge()].map((made) => made.id)
      const [has, gaveBack, never] = edges as [string, string, string]
      await deploy(has, gaveBack)
      await world.as('DELETE', fill(cloudPaths.desired, { id: gaveBack, kind: 'rule', key: id }))
      const logged = async () => {
        const { rows } = await pool.query<{ action: string; subject: string; detail: { version: number } }>(
          `select action, subject, detail from audit.audit_logs where subject like '%/rule/of-many' order by at, id`,
        )
        return rows.map(({ action, subject, detail }) => `${action} ${subject.split('/')[0]} ${detail.version}`)
      }
      const before = await logged()
      expect((await deploy(has, gaveBack, gaveBack.toUpperCase(), never, never)).status).toBe(200)
      expect((await logged()).slice(before.length).toSorted()).toEqual(
        [`desired.put ${gaveBack} 3`, `desired.put ${never} 1`].toSorted(),
      )
      const { rows } = await pool.query<{ edge_id: string; change: string }>(
        `select edge_id, string_agg(operation || ' ' || version, ', ' order by seq) as change from fleet.desired_changes where key = $1 group by edge_id`,
        [id],
      )
      expect(Object.fromEntries(rows.map(({ edge_id, change }) => [edge_id, change]))).toEqual({
        [has]: 'insert 1',
        [gaveBack]: 'insert 1, delete 2, insert 3',
        [never]: 'insert 1',
      })
    })

    it('list some of many deployments, and how many there are of each kind', async () => {
      const { pool } = world.store.backend
      const id = 'of-many'
      await pool.query(
        `with old as (select d, e from fleet.desired d join fleet.edges e on e.id = d.edge_id where d.key = $1 limit 1),
         edges as (insert into fleet.edges select (jsonb_populate_record(e, jsonb_build_object('id', gen_random_uuid(), 'name', 'many ' || n, 'public_key', n))).*
           from old, generate_series(1, 40) n returning tenant_id, id, name),
         desired as (insert into fleet.desired select (jsonb_populate_record(d, jsonb_build_object('edge_id', edges.id, 'id', gen_random_uuid(), 'version', 2))).* from old, edges)
         insert into fleet.reported (tenant_id, edge_id, kind, key, version, state, reported_at)
         select tenant_id, id, 'rule', $1, case when name = 'many 1' then 1 else 2 end, case when name in ('many 2', 'many 3') then 'refused' else 'applied' end, now() from edges`,
        [id],
      )
      const counts = { total: 43, applied: 37, waiting: 4, failed: 2 }
      const listed = z.array(cloudRuleSchema).parse((await world.as('GET', cloudPaths.rules)).body.data)
      const inList = listed.find(({ definition }) => definition.id === id)
      expect([inList?.deployment_counts, inList?.deployments.length]).toEqual([counts, 20])
      const alone = cloudRuleSchema.parse((await world.as('GET', fill(cloudPaths.rule, { id }))).body.data)
      expect([alone.deployment_counts, alone.deployments.length]).toEqual([counts, 43])
      expect(alone.deployments.slice(0, 20)).toEqual(inList?.deployments)
    })
  })
}
