import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DesiredItem } from '@jidoka/domain'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { LineHarness, log } from '../uplink/testing/line-harness.ts'
import { applyStarter } from './starter.ts'

let edge: LineHarness
beforeEach(async () => {
  edge = await LineHarness.start()
})
afterEach(() => edge.stop())

describe('the desired state', () => {
  const user = (key: string, version: number): DesiredItem => ({
    kind: 'user',
    key,
    version,
    body: { name: key, role: 'viewer', locale: 'ko', password_hash: 'x' },
  })
  const keys = () => edge.journal.desiredItems.map((item) => `${item.key} ${item.version}`).sort()

  test('a snapshot is applied whole, later changes within moments, and a row that is taken back goes', async () => {
    edge.cloud.shape.change('insert', user('kim', 1))
    edge.cloud.shape.change('insert', user('lee', 1))
    await edge.follower(await edge.enrolled())
    await vi.waitUntil(() => keys().join() === 'kim 1,lee 1')
    edge.cloud.shape.change('update', user('kim', 2))
    await vi.waitUntil(() => keys().join() === 'kim 2,lee 1')
    edge.cloud.shape.change('delete', user('lee', 1))
    await vi.waitUntil(() => keys().join() === 'kim 2')
    expect(edge.journal.position).toEqual({ handle: 'shape-1', offset: '4_0' })
  })

  test('a restart goes on where it was, and a shape that was made anew replaces everything', async () => {
    const parts = await edge.enrolled()
    edge.cloud.shape.change('insert', user('kim', 1))
    const first = await edge.follower(parts)
    await vi.waitUntil(() => keys().join() === 'kim 1')
    await first.stop()
    edge.cloud.shape.change('insert', user('lee', 1))
    const applied = vi.spyOn(edge.journal, 'applyDesired')
    await edge.follower(edge.parts())
    await vi.waitUntil(() => keys().join() === 'kim 1,lee 1')
    expect(applied.mock.calls[0]?.[0]).toMatchObject({ replaceAll: false, upserts: [{ key: 'lee' }] })
    edge.cloud.shape.handle = 'shape-2'
    edge.cloud.shape.change('delete', user('kim', 1))
    await vi.waitUntil(() => keys().join() === 'lee 1')
    expect(applied.mock.calls.at(-1)?.[0]).toMatchObject({ replaceAll: true, position: { handle: 'shape-2' } })
  })

  test('a shape that was made anew and is empty takes everything away: nobody whom the cloud removed meanwhile stays', async () => {
    const parts = await edge.enrolled()
    edge.cloud.shape.change('insert', user('kim', 1))
    const first = await edge.follower(parts)
    await vi.waitUntil(() => keys().join() === 'kim 1')
    await first.stop()
    edge.cloud.shape.changes.splice(0)
    edge.cloud.shape.handle = 'shape-2'
    await edge.follower(edge.parts())
    await vi.waitUntil(() => keys().length === 0)
    expect(edge.journal.position).toMatchObject({ handle: 'shape-2' })
    edge.cloud.shape.change('insert', user('lee', 1))
    await vi.waitUntil(() => keys().join() === 'lee 1')
  })

  test('what could not be read is asked for again by the next start, and only then', async () => {
    const parts = await edge.enrolled()
    edge.cloud.shape.change('insert', user('kim', 1))
    const first = await edge.follower(parts)
    await vi.waitUntil(() => keys().join() === 'kim 1')
    await first.stop()
    if (edge.journal.position !== null) edge.journal.position = { ...edge.journal.position, isPartial: true }
    const applied = vi.spyOn(edge.journal, 'applyDesired')
    const second = await edge.follower(edge.parts())
    await vi.waitUntil(() => applied.mock.calls.length === 1)
    expect(applied.mock.calls[0]?.[0]).toMatchObject({ replaceAll: true, upserts: [{ key: 'kim' }] })
    await second.stop()
  })

  test('starts offline, and follows as soon as the line is there', async () => {
    const parts = await edge.enrolled()
    await edge.cloud.stop()
    await edge.follower(parts)
    edge.cloud.shape.change('insert', user('kim', 1))
    await edge.cloud.start()
    await vi.waitUntil(() => keys().join() === 'kim 1')
  })

  test('a change that the store could not keep is fetched and applied again', async () => {
    edge.journal.beforeWrite = () => {
      edge.journal.beforeWrite = () => Promise.resolve()
      return Promise.reject(new Error('disk full'))
    }
    edge.cloud.shape.change('insert', user('kim', 1))
    await edge.follower(await edge.enrolled())
    await vi.waitUntil(() => keys().join() === 'kim 1')
  })

  test('the starter stays until the cloud wants something, then the cloud alone counts', async () => {
    const file = join(edge.folder, 'starter.json')
    writeFileSync(file, JSON.stringify([user('starter', 1)]))
    await applyStarter(file, { pipeline: edge.journal, reader: edge.journal, log })
    await edge.follower(await edge.enrolled())
    await edge.cloud.until(() => edge.cloud.requests.filter((request) => request.endsWith('/shape')).length >= 1)
    expect(keys()).toEqual(['starter 1'])
    edge.cloud.shape.change('insert', user('kim', 1))
    await vi.waitUntil(() => keys().join() === 'kim 1')
    await applyStarter(file, { pipeline: edge.journal, reader: edge.journal, log })
    expect(keys()).toEqual(['kim 1'])
  })

  test('a starter with mistakes is refused with a sentence for each', async () => {
    const file = join(edge.folder, 'starter.json')
    writeFileSync(file, JSON.stringify([{ ...user('kim', 1), version: 0 }, { kind: 'user' }]))
    await expect(applyStarter(file, { pipeline: edge.journal, reader: edge.journal, log })).rejects.toThrow(
      /wrong at "0.version"/,
    )
  })
})
