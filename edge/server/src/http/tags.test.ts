import { edgePaths } from '@jidoka/contract'
import type { EdgeTag } from '@jidoka/contract'
import type { CatalogueEntry } from '@jidoka/domain'
import { beforeEach, describe, expect, test } from 'vitest'
import { HttpHarness, problemOf } from './testing/http-harness.ts'

describe('discovered tags', () => {
  const key = 'LINE-A/temperature'
  const request = {
    key,
    name: { ko: '온도', en: 'Temperature' },
    unit: 'C',
    decimals: 1,
    limits: { low: 10, high: 80 },
  }
  let at: HttpHarness
  beforeEach(() => {
    at = new HttpHarness()
    at.addUser('kim', 'manager')
    at.journal.tagList = [
      { tag_no: 1, key, kind: 'number', unit: '' },
      { tag_no: 2, key: 'LINE-A/PRESS-1/state', kind: 'text', unit: '' },
    ]
    at.restart()
  })

  const tagsOf = async (query: string) => {
    const answer = await at.get(`${edgePaths.tags}${query}`, await at.cookieOf('viewer'))
    return ((await answer.json()) as { data: EdgeTag[] }).data
  }
  const keysOf = async (query: string) => (await tagsOf(query)).map((tag) => tag.key)
  const adopt = async (body: unknown, login = 'kim') =>
    at.post(edgePaths.adoptTag, body, { cookie: await at.cookieOf(login) })
  const withdraw = async (of: string) =>
    at.app.request(`${edgePaths.adoptTag}?key=${encodeURIComponent(of)}`, {
      method: 'DELETE',
      headers: { cookie: await at.cookieOf('kim') },
    })

  test('a tag that was adopted has its name and limits, and no longer waits', async () => {
    expect(await keysOf('?adopted=false')).toEqual([key, 'LINE-A/PRESS-1/state'])
    expect((await adopt(request)).status).toBe(200)
    expect(await keysOf('?adopted=false')).toEqual(['LINE-A/PRESS-1/state'])
    expect(await tagsOf('?adopted=true')).toMatchObject([
      { key, name: request.name, unit: 'C', limits: request.limits, adopted: true, adopted_here: true },
    ])
    expect(at.journal.records).toContainEqual(
      expect.objectContaining({ body: { actor: 'kim', action: 'tag.adopt', subject: key, detail: {} } }),
    )
  })

  test('are paged in the order of their keys, without gap or repeat', async () => {
    const keys = Array.from({ length: 7 }, (_, index) => `LINE-A/t${index}`)
    at.journal.tagList = keys
      .toReversed()
      .map((each, index) => ({ tag_no: index + 1, key: each, kind: 'number', unit: '' }))
    at.restart()
    const seen: string[][] = []
    for (let query = '&limit=3'; query !== '';) {
      const answer = await at.get(`${edgePaths.tags}?adopted=false${query}`, await at.cookieOf('viewer'))
      const { data, meta } = (await answer.json()) as { data: EdgeTag[]; meta: { next_cursor?: string } }
      seen.push(data.map((tag) => tag.key))
      query = meta.next_cursor === undefined ? '' : `&limit=3&cursor=${meta.next_cursor}`
    }
    expect(seen).toEqual([keys.slice(0, 3), keys.slice(3, 6), keys.slice(6)])
    const cookie = await at.cookieOf('viewer')
    for (const query of ['cursor=abc', 'limit=0', 'limit=201'])
      expect(await problemOf(at.get(`${edgePaths.tags}?${query}`, cookie))).toMatchObject({ kind: 'invalid_input' })
  })

  test('an adoption that is taken back leaves a discovered tag', async () => {
    await adopt(request)
    expect((await withdraw(key)).status).toBe(200)
    expect(await keysOf('?adopted=false')).toContain(key)
    expect(await problemOf(withdraw(key))).toMatchObject({ kind: 'not_found' })
  })

  test('who may only look may not adopt', async () => {
    expect(await problemOf(adopt(request, 'operator'))).toMatchObject({ kind: 'not_permitted' })
  })

  test('a tag that never sent a reading is not adopted', async () => {
    expect(await problemOf(adopt({ ...request, key: 'LINE-B/none' }))).toMatchObject({ kind: 'not_found' })
  })

  test("what the cloud's catalogue names is changed there", async () => {
    const entry: CatalogueEntry = { ...request, name: { ko: '구름', en: 'Cloud' }, kind: 'number', stale_after_s: 30 }
    at.journal.desiredItems = [{ kind: 'tag_catalogue', key: 'tags', version: 1, body: { tags: [entry] } }]
    at.restart()
    expect(await problemOf(adopt(request))).toMatchObject({ kind: 'conflict' })
    expect(await tagsOf('?adopted=true')).toMatchObject([{ key, name: entry.name, adopted_here: false }])
  })

  test.each([
    [{ limits: { low: 80, high: 10 } }, 'limits'],
    [{ name: { ko: '', en: 'x' } }, 'name.ko'],
    [{ decimals: 9 }, 'decimals'],
    [{ key: 'no place' }, 'key'],
  ])('%j is refused with its place', async (change, path) => {
    expect(await problemOf(adopt({ ...request, ...change }))).toMatchObject({
      kind: 'invalid_input',
      errors: [expect.objectContaining({ path })],
    })
  })
})
