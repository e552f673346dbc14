import { cloudPaths, pageSizeMax } from '@jidoka/contract'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { NewStore } from '../../testing/stores.ts'
import { ruleOf, World } from '../../testing/world.ts'
import type { Loose } from '../../testing/world.ts'

/** Lists that are answered at once: how many rows there can be, and why no more. */
const boundedLists: Readonly<Record<string, string>> = {
  [cloudPaths.edgeCommands]: 'the newest that are shown; 20 that are open, and the rest is forgotten after 30 days',
  [cloudPaths.courierFiles]: '128 that are open and 200 that are over, of a tenant',
  [cloudPaths.jobKinds]: 'as many as the program has',
  [cloudPaths.tenantMoves]: 'a hundred: those that are not over, then the newest',
  [cloudPaths.archiveRows]: 'goes on behind `after`, the number of a row in its file; 1,000 at once',
  // Within one thing that is answered.
  [`${cloudPaths.secrets} secrets`]: '1,000 of a tenant, without their values',
  [`${cloudPaths.secrets} keys`]: 'the master keys of the cloud that seal any of them',
  [`${cloudPaths.tenants} databases`]: 'those of the settings',
  [`${cloudPaths.tenants} tenants`]:
    'an id and a place each; all databases are asked for them at once, for the administrators of the platform alone',
  [`${cloudPaths.me} permissions`]: 'those of a role',
  [`${cloudPaths.edge} lanes`]: 'two',
  [`${cloudPaths.edge} items`]: 'what one edge shall be; bounded where it is put',
  [`${cloudPaths.edge} progress`]: 'one for each lane',
  [`${cloudPaths.edge} troubles`]: 'those that stand, then the newest that are settled',
  [`${cloudPaths.rule} deployments`]: 'a thousand are listed, and all are counted',
  [`${cloudPaths.courierFile} pieces_missing`]: 'a thousand are named',
  [`${cloudPaths.job} attempts`]: 'the retries of its kind and of people',
  [`${cloudPaths.archiveSettings} tables`]: 'those that can be archived',
  [`${cloudPaths.dashboard} unavailable`]: 'the parts of the dashboard',
  [`${cloudPaths.webDashboard} unavailable`]: 'the parts of the dashboard',
  [`${cloudPaths.mobileDashboard} unavailable`]: 'the parts of the dashboard',
  [`${cloudPaths.slackDashboard} blocks`]: 'Slack takes 50',
}

interface Shape {
  readonly type?: string
  readonly properties?: Readonly<Record<string, Shape>>
}

export function listCases(newStore: NewStore): void {
  describe('lists', () => {
    let world: World
    beforeAll(async () => {
      world = await World.open(await newStore())
      for (const siteCode of ['BUSAN', 'ULSAN'])
        for (const name of ['press shop', 'paint shop', '도장 공장']) await world.newEdge({ name, siteCode })
      for (const id of ['rule-c', 'rule-a', 'rule-b'])
        await world.as('PUT', `${cloudPaths.rules}/${id}`, { definition: { ...ruleOf(), id }, based_on_version: 0 })
    })
    afterAll(() => world.close())

    it('go on with a cursor, or have a bound', async () => {
      const { body } = await world.request('GET', '/openapi.json')
      const unbounded: string[] = []
      const met = new Set<string>()
      for (const [path, { get }] of Object.entries(body.paths as Record<string, Loose>)) {
        const data = get?.responses['200']?.content?.['application/json']?.schema.properties.data as Shape | undefined
        if (data === undefined) continue
        const names = new Set(((get.parameters ?? []) as { name: string }[]).map(({ name }) => name))
        const isPaged = names.has('cursor') && names.has('limit')
        const lists = [
          ...(data.type === 'array' ? [path] : []),
          ...Object.entries(data.properties ?? {}).flatMap(([name, { type }]) =>
            type === 'array' ? [`${path} ${name}`] : [],
          ),
        ]
        for (const list of lists) {
          if (boundedLists[list] === undefined && !isPaged) unbounded.push(list)
          if (!isPaged) met.add(list)
        }
      }
      expect(unbounded).toEqual([])
      expect(Object.keys(boundedLists).filter((list) => !met.has(list))).toEqual([])
    })

    const walk = async (path: string, limit: number, between?: () => Promise<unknown>) => {
      const pages: Loose[][] = []
      let cursor = ''
      do {
        const { status, body } = await world.as('GET', `${path}?limit=${limit}${cursor}`)
        expect([path, status]).toEqual([path, 200])
        pages.push(body.data)
        cursor = body.meta.next_cursor === undefined ? '' : `&cursor=${body.meta.next_cursor}`
        await between?.()
      } while (cursor !== '')
      return pages
    }

    it('show each row once and in order, whatever a page has, and whatever comes in front meanwhile', async () => {
      const whole = {
        [cloudPaths.edges]: 6,
        [cloudPaths.sites]: 2,
        [cloudPaths.rules]: 3,
      }
      for (const [path, rows] of Object.entries(whole)) {
        const [all = []] = await walk(path, pageSizeMax)
        expect([path, all.length]).toEqual([path, rows])
        for (const limit of [1, 2, rows - 1, rows]) {
          const pages = await walk(path, limit)
          expect(pages.flat()).toEqual(all)
          expect(pages.every((page) => page.length <= limit && page.length > 0)).toBe(true)
        }
      }
      let made = 0
      const named = await walk(cloudPaths.rules, 1, async () => {
        if (made++ === 0)
          await world.as('PUT', `${cloudPaths.rules}/rule-0`, {
            definition: { ...ruleOf(), id: 'rule-0' },
            based_on_version: 0,
          })
      })
      expect(named.flat().map(({ definition }) => definition.id)).toEqual(['rule-a', 'rule-b', 'rule-c'])
    })

    it('of lines come by edges, whose lines stay together', async () => {
      const edges: Loose[] = (await world.as('GET', cloudPaths.edges)).body.data
      for (const { id } of edges)
        await world.as('PUT', `${cloudPaths.edges}/${id}/desired/site/site`, {
          body: {
            name: { ko: '울산', en: 'Ulsan' },
            time_zone: 'Asia/Seoul',
            lines: ['A', 'B'].map((code) => ({ code, area: 'PRESS', name: { ko: code, en: code } })),
          },
        })
      const pages = await walk(cloudPaths.lines, 4)
      expect(pages.map((page) => page.length)).toEqual([8, 4])
      expect(pages.flat().map(({ edge_id, code }) => `${edge_id} ${code}`)).toEqual(
        edges.flatMap(({ id }) => [`${id} A`, `${id} B`]),
      )
      await world.as('DELETE', `${cloudPaths.edges}/${edges[0].id}`)
      expect((await walk(cloudPaths.lines, 1)).flat()).toHaveLength(10)
    })

    it('I10: refuse cursors of others, and of nobody', async () => {
      const cursor = (key: unknown) => Buffer.from(JSON.stringify(key)).toString('base64url')
      for (const path of [cloudPaths.edges, cloudPaths.sites, cloudPaths.rules, cloudPaths.lines])
        for (const key of [
          [],
          ['a', 'b'],
          ['a', 1, 'c'],
          [['a']],
          ['\u0000'],
          ['\u0000', 'b', 'c'],
          {},
          null,
          'x'.repeat(300),
        ]) {
          const { status, body } = await world.as('GET', `${path}?cursor=${cursor(key)}`)
          expect([path, key, status, body.kind]).toEqual([path, key, 400, 'invalid_input'])
        }
    })
  })
}
