import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { edgePaths, envelope, heldCommandSchema } from '@jidoka/contract'
import type { HeldCommand } from '@jidoka/contract'
import type { Command, DesiredItem } from '@jidoka/domain'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { runCli } from '../cli/run.ts'
import { hotRule } from '../pipeline/test-support.ts'
import { ApplianceProcess, TestPlant } from '../testing/appliance-process.ts'
import { LoopbackCloud } from '../uplink/testing/loopback-cloud.ts'

/*
 * Commands through the real processes: an appliance of its own, a cloud on loopback that speaks the real protocol, and SIGKILL. A bundle that
 * the cloud does not take yet is a command that has started and not ended, which is when a kill hurts most.
 */
let plant: TestPlant
let cloud: LoopbackCloud
let appliance: ApplianceProcess
beforeEach(async () => {
  plant = new TestPlant()
  cloud = new LoopbackCloud()
  await cloud.start()
})
afterEach(async () => {
  await appliance.stop('SIGKILL')
  await cloud.stop()
  plant.remove()
})

const id = (no: number) => `0198f0d2-0000-7000-8000-00000000000${no}`
const command = (no: number, what: Command['what']): DesiredItem => ({
  kind: 'command',
  key: id(no),
  version: 1,
  body: { issued_by: 'kim', issued_at_ms: Date.now(), expires_at_ms: Date.now() + 3_600_000, what },
})
const start = async () => {
  appliance = await ApplianceProcess.start(
    plant.environment({ JIDOKA_CLOUD_URL: cloud.url, JIDOKA_ENROLMENT_TOKEN: cloud.token }),
  )
  const cookie = await appliance.signIn('admin', plant.password)
  return async (): Promise<HeldCommand[]> => {
    const answer = await appliance.request(edgePaths.commands, cookie)
    return envelope(z.array(heldCommandSchema)).parse(await answer.json()).data
  }
}
const told = (which: string) =>
  cloud.lines
    .map((line) => JSON.parse(line) as { kind: string; body: { key: string; state: string } })
    .flatMap(({ kind, body }) => (kind === 'reported' && body.key === which ? [body.state] : []))
const until = (holds: () => boolean | Promise<boolean>) => vi.waitUntil(holds, { timeout: 30_000, interval: 50 })

describe('a command of the cloud', () => {
  test('is done, its bundle is with the cloud under its id, and its result goes up', { timeout: 60_000 }, async () => {
    const commands = await start()
    cloud.shape.change('insert', command(1, { name: 'support_bundle' }))
    await until(() => told(id(1)).at(-1) === 'done')
    expect(told(id(1))).toEqual(['accepted', 'started', 'done'])
    const bundle = cloud.bundles.get(id(1))
    expect(bundle?.subarray(0, 2)).toEqual(Buffer.from([0x1f, 0x8b]))
    expect(await commands()).toMatchObject([{ state: 'done', result: { bytes: bundle?.length } }])
    expect(readdirSync(join(plant.folder, 'data', 'bundles'))).toHaveLength(1)
  })

  test(
    'that a kill cuts off is told as interrupted, once, and the one that waited behind it is done',
    { timeout: 60_000 },
    async () => {
      await start()
      cloud.isBusyForBundles = true
      cloud.shape.change('insert', command(1, { name: 'support_bundle' }))
      await cloud.until(() => cloud.requests.some((request) => request.startsWith('PUT /sync/v1/bundles')))
      const nowMs = Date.now()
      const rehearsal = { name: 'rehearsal', rule: hotRule(), from_ms: nowMs - 60_000, to_ms: nowMs } as const
      cloud.shape.change('insert', command(2, rehearsal))
      await until(() => told(id(2)).length > 0)
      await appliance.stop('SIGKILL')
      cloud.isBusyForBundles = false
      // Everything comes again, as after a shape that was made anew.
      cloud.shape.handle = 'shape-2'
      const commands = await start()
      await until(() => told(id(2)).at(-1) === 'done')
      expect(told(id(1))).toEqual(['accepted', 'started', 'interrupted'])
      expect(told(id(2))).toEqual(['accepted', 'started', 'done'])
      expect(cloud.bundles.size).toBe(0)
      expect(await commands()).toMatchObject([
        { id: id(2), name: 'rehearsal', result: { verdicts: 0, different: null } },
        { id: id(1), state: 'interrupted', problem: expect.stringContaining('issue it again') },
      ])
    },
  )
})

test('the command line makes a bundle by hand, for its owner alone', { timeout: 60_000 }, async () => {
  await start()
  const file = join(plant.folder, 'by-hand.tar.gz')
  const [out, err]: [string[], string[]] = [[], []]
  const code = await runCli(['support-bundle', '--to', file, '--data', join(plant.folder, 'data')], {
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    environment: {},
    signal: new AbortController().signal,
  })
  expect({ code, err }).toEqual({ code: 0, err: [] })
  expect(out[0]).toContain('by-hand.tar.gz')
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(statSync(file).size).toBeGreaterThan(500)
})
