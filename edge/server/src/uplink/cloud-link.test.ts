import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DesiredItem } from '@jidoka/domain'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { LineOnFolder } from './testing/line-on-folder.ts'
import { LoopbackCloud } from './testing/loopback-cloud.ts'

/** Real journals and threads, on a machine that may be busy with other tests. */
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })
const waits = { timeout: 30_000, interval: 20 }

let cloud: LoopbackCloud
let folder: string
let edge: LineOnFolder
beforeEach(async () => {
  cloud = new LoopbackCloud()
  await cloud.start()
  folder = mkdtempSync(join(tmpdir(), 'jidoka-link-'))
  edge = await LineOnFolder.open(folder, cloud)
})
afterEach(async () => {
  await edge.stop()
  await cloud.stop()
  rmSync(folder, { recursive: true })
})

const site = (name: string, version: number): DesiredItem => ({
  kind: 'site',
  key: 'site',
  version,
  body: { name: { ko: name, en: name }, time_zone: 'Asia/Seoul', lines: [] },
})
const versionHere = () => edge.reader.desired().find(({ kind }) => kind === 'site')?.version

test('a desired state that comes by a file is followed on from there, by the same line', async () => {
  cloud.shape.change('insert', site('Ulsan', 1))
  await vi.waitUntil(() => versionHere() === 1, waits)
  const { link } = edge.line
  cloud.shape.change('update', site('Ulsan', 2))
  await vi.waitUntil(() => versionHere() === 2, waits)
  await link.besideFollower(async () => {
    cloud.shape.change('update', site('Ulsan', 3))
    // By then an answer that was on its way would be here.
    await link.cloudPoints()
    expect(versionHere()).toBe(2)
    await edge.pipeline.applyDesired({
      upserts: [site('Ulsan by file', 4)],
      removals: [],
      replaceAll: true,
      position: { handle: cloud.shape.handle, offset: '3_0' },
    })
  })
  expect(versionHere()).toBe(4)
  cloud.shape.change('update', site('Ulsan', 5))
  await vi.waitUntil(() => versionHere() === 5, waits)
  expect(edge.line.link).toBe(link)
  await vi.waitUntil(() => (link.state?.lanes.records.confirmed.seq ?? 0) > 0, waits)
})

test('work beside the follower that fails leaves it following', async () => {
  cloud.shape.change('insert', site('Ulsan', 1))
  await vi.waitUntil(() => versionHere() === 1, waits)
  await expect(edge.line.link.besideFollower(() => Promise.reject(new Error('torn')))).rejects.toThrow('torn')
  cloud.shape.change('update', site('Ulsan', 2))
  await vi.waitUntil(() => versionHere() === 2, waits)
})
