import { randomBytes } from 'node:crypto'
import { cloudPaths, fill } from '@jidoka/contract'
import { expect, it } from 'vitest'
import type { Loose } from '../../testing/world.ts'
import type { Link, UploadWorld } from './upload-world.ts'

/** What files take of their tenant's room, and their list: of a world in which some were handed in. */
export function storedFileCases(opened: () => UploadWorld): void {
  it('fit what the tenant may store, with what was promised to links that are still good', async () => {
    const { world, declared, put, usage, setQuota } = opened()
    const before = await usage()
    expect(before.used.bytes).toBeGreaterThan(0)
    expect(before.quota).toEqual({ bytes: 500 * 1000 ** 3, files: 100_000 })
    expect((await setQuota(before.used.bytes + 100, null)).body.data.quota).toEqual({
      bytes: before.used.bytes + 100,
      files: 100_000,
    })
    const bytes = randomBytes(60)
    const asked = await Promise.all(
      ['one.txt', 'two.txt'].map((name) => world.as('POST', cloudPaths.objectUploads, declared(bytes, name))),
    )
    expect(new Set(asked.map(({ status }) => status))).toEqual(new Set([200, 507]))
    const refused = asked.find(({ status }) => status === 507)
    expect(refused?.body).toMatchObject({ kind: 'storage_full', detail: expect.stringContaining('Remove files') })
    expect((await usage()).used).toEqual({ bytes: before.used.bytes + 60, files: before.used.files + 1 })
    const link = asked.find(({ status }) => status === 200)?.body.data as Link
    expect((await put(link.path, bytes)).status).toBe(200)
    expect((await usage()).used).toEqual({ bytes: before.used.bytes + 60, files: before.used.files + 1 })
    await setQuota(null, before.used.files + 1)
    const tooMany = await world.as('POST', cloudPaths.objectUploads, declared(bytes, 'three.txt'))
    expect([tooMany.status, tooMany.body.detail]).toEqual([507, expect.stringContaining('files')])
    expect((await setQuota(null, null)).body.data.quota).toEqual(before.quota)
    expect(
      (await world.as('PUT', fill(cloudPaths.tenantStorage, { id: 'nobody' }), { bytes: 1, files: 1 })).status,
    ).toBe(404)
    const text = (await world.request('GET', '/metrics')).body as string
    expect(text).toMatch(/jidoka_objects_over_quota_total\{limit="files"\} 1/)
    expect(text).toMatch(/jidoka_objects_uploads_total\{outcome="stored"\} \d+/)
  })

  it('are listed page by page, the newest first, and by what they are for', async () => {
    const { world, list } = opened()
    const all = await list()
    const seen: string[] = []
    for (let cursor = ''; ;) {
      const { body } = await world.as('GET', `${cloudPaths.objects}?limit=2${cursor}`)
      seen.push(...body.data.map(({ id }: Loose) => id))
      if (body.meta.next_cursor === undefined) break
      cursor = `&cursor=${body.meta.next_cursor}`
    }
    expect(all.length).toBeGreaterThan(3)
    expect(seen).toEqual(all.map(({ id }) => id))
    expect(await list('?kind=archive')).toEqual([])
  })

  it('are opened for whoever takes them: not where the caller has hung up by then', async () => {
    const { world, list } = opened()
    const [file] = await list()
    const { path } = (await world.as('POST', fill(cloudPaths.objectShare, { id: file.id }))).body.data
    const opens = async () => {
      const text = (await world.request('GET', '/metrics')).body as string
      return Number(/^jidoka_objects_duration_seconds_count\{operation="read"\} (\d+)$/m.exec(text)?.[1] ?? 0)
    }
    const before = await opens()
    // An answer that nobody takes.
    await world.cloud.app.request(path)
    expect((await world.request('GET', path)).status).toBe(200)
    expect(await opens()).toBe(before + 1)
  })

  it('are given under their own names, whatever stands in them', async () => {
    const { world, ask, put } = opened()
    const bytes = randomBytes(10)
    const { id } = (await put((await ask(bytes, "kim's 도면 (1)*.txt")).path, bytes)).body.data
    const { path } = (await world.as('POST', fill(cloudPaths.objectShare, { id }))).body.data
    expect((await world.request('GET', path)).headers.get('content-disposition')).toBe(
      "attachment; filename*=UTF-8''kim%27s%20%EB%8F%84%EB%A9%B4%20%281%29%2A.txt",
    )
  })

  it('are removed with an entry in the log, and erased also when the program died before', async () => {
    const { world, list, own } = opened()
    const [file] = await list()
    const objects = world.cloud.objects.port
    const { key } = (await own(`select key from core.objects where id = '${file.id}'`))[0]
    expect((await world.as('DELETE', fill(cloudPaths.object, { id: file.id }))).status).toBe(200)
    expect((await world.as('DELETE', fill(cloudPaths.object, { id: file.id }))).status).toBe(404)
    expect(await objects.find('demo', key)).toBeNull()
    const [entry] = (await world.as('GET', cloudPaths.audit)).body.data
    expect(entry).toMatchObject({ action: 'object.remove', subject: file.id, detail: { name: file.name } })
    // As it is left by a program that dies behind the commit.
    const [next] = await list()
    await own(`update core.objects set state = 'removing' where id = '${next.id}'`)
    await world.cloud.objects.tidy()
    expect(await own(`select 1 from core.objects where state <> 'stored'`)).toEqual([])
  })

  it('that are archives are removed from their own list alone', async () => {
    const { world, list } = opened()
    const stored = await world.cloud.objects.port.put('demo', {
      key: 'archives/a.parquet',
      kind: 'archive',
      contentType: 'application/vnd.apache.parquet',
      by: 'system: archive',
      body: (async function* () {
        yield randomBytes(5)
      })(),
    })
    const answer = await world.as('DELETE', fill(cloudPaths.object, { id: stored.id }))
    expect([answer.status, answer.body.detail]).toEqual([409, expect.stringContaining('page Archives')])
    expect((await list('?kind=archive')).map(({ name }) => name)).toEqual(['a.parquet'])
  })

  it('I6: are nobody else’s, and only the platform says what others may store', async () => {
    const { world, other, ask, list, names } = opened()
    const theirs = (method: string, path: string, json?: unknown) => other.as(method, path, json, 'admin@other')
    const [file] = await list()
    expect((await theirs('GET', cloudPaths.objects)).body.data).toEqual([])
    expect((await theirs('GET', cloudPaths.objectUsage)).body.data.used).toEqual({ bytes: 0, files: 0 })
    for (const [method, path] of [
      ['POST', cloudPaths.objectShare],
      ['DELETE', cloudPaths.object],
    ] as const)
      expect((await theirs(method, fill(path, { id: file.id }))).status).toBe(404)
    // A link is bound to its tenant, whichever process takes it: what comes by it is the first one's.
    const bytes = randomBytes(10)
    const { path } = await ask(bytes, 'mine.txt')
    expect((await other.request('PUT', path, { body: bytes })).status).toBe(200)
    expect((await theirs('GET', cloudPaths.objects)).body.data).toEqual([])
    expect(await names()).toContain('mine.txt')
    // Signed in at the platform's cloud as somebody of another tenant.
    const token = (await theirs('GET', cloudPaths.me)).status
    expect(token).toBe(200)
    const answer = await world.as(
      'PUT',
      fill(cloudPaths.tenantStorage, { id: 'other' }),
      { bytes: 1, files: 1 },
      'admin@other',
    )
    expect([answer.status, answer.body.kind]).toEqual([403, 'not_permitted'])
  })
}
