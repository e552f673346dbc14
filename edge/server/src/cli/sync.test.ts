import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { HttpServer } from '../http/server.ts'
import { HttpHarness } from '../http/testing/http-harness.ts'
import { LineOnFolder } from '../uplink/testing/line-on-folder.ts'
import { LoopbackCloud } from '../uplink/testing/loopback-cloud.ts'
import { writeCliAccess } from './access.ts'
import { runCli } from './run.ts'

/** Real journals and threads, on a machine that may be busy with other tests. */
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })
const waits = { timeout: 30_000, interval: 20 }

let cloud: LoopbackCloud
let folder: string
let edge: LineOnFolder
let http: HttpServer
beforeEach(async () => {
  cloud = new LoopbackCloud()
  await cloud.start()
  folder = mkdtempSync(join(tmpdir(), 'jidoka-cli-sync-'))
  mkdirSync(join(folder, 'edge'))
  edge = await LineOnFolder.open(join(folder, 'edge'), cloud)
  const harness = new HttpHarness()
  harness.restart({ sync: edge.desk })
  http = new HttpServer(harness.app.fetch, { host: '127.0.0.1', port: 0 })
  await http.start()
  writeCliAccess(folder, { url: http.url, token: 'the-token' })
  await edge.send([1, 2, 3])
  await vi.waitUntil(edge.isEverythingReceipted, waits)
})
afterEach(async () => {
  await http.stop()
  await edge.stop()
  await cloud.stop()
  rmSync(folder, { recursive: true })
})

async function cli(...args: string[]) {
  const out: string[] = []
  const push = (text: string) => out.push(text)
  const signal = new AbortController().signal
  const code = await runCli(args, { out: push, err: push, environment: { JIDOKA_DATA: folder }, signal })
  return { code, text: out.join('\n') }
}

describe('the command line of the line to the cloud', () => {
  test('shows how it stands, compares and repairs, and begins another epoch only when it is told to', async () => {
    const before = await cli('sync', 'status')
    expect(before).toMatchObject({ code: 0, text: expect.stringContaining('nothing waits') as string })
    expect(await cli('sync', 'watch')).toMatchObject({ code: 0 })

    expect(await cli('sync', 'audit')).toMatchObject({ code: 0, text: '2 ranges, 4 rows: WHOLE' })
    cloud.held.readings.pop()
    const lost = await cli('sync', 'audit', '--lane', 'readings')
    expect(lost.code).toBe(1)
    expect(lost.text).toContain('readings 1 to 3: the cloud has lost rows')
    const repaired = await cli('sync', 'audit', '--repair')
    expect(repaired).toMatchObject({ code: 0, text: expect.stringContaining('sent again and whole now') as string })
    expect(cloud.held.readings).toHaveLength(3)

    const { epoch } = edge.reader
    const asked = await cli('epoch', 'new')
    expect(asked).toMatchObject({ code: 0, text: expect.stringContaining('Nothing has changed') as string })
    expect(asked.text).toContain('0 records and 0 readings wait')
    expect(edge.reader.epoch).toBe(epoch)
    const begun = await cli('epoch', 'new', '--yes')
    expect(begun).toMatchObject({ code: 0, text: expect.stringContaining('readings from 4') as string })
    expect(edge.reader.epoch).not.toBe(epoch)
    await vi.waitUntil(edge.isEverythingReceipted, waits)

    cloud.troubles = [{ kind: 'ahead', lane: 'readings', seq: 9, since_ms: 1_000 }]
    edge.desk.tryNow()
    await vi.waitUntil(() => edge.desk.status().troubles.length > 0, waits)
    expect(await cli('sync', 'status')).toMatchObject({ code: 3, text: expect.stringContaining('TROUBLE') as string })
  })
})
