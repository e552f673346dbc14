import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { journalFile } from '../store/database.ts'
import { LineOnFolder } from '../uplink/testing/line-on-folder.ts'
import { LoopbackCloud } from '../uplink/testing/loopback-cloud.ts'
import type { ReceiptFile } from '../uplink/receipt-check.ts'
import { runCli } from './run.ts'

/** Real journals and threads, on a machine that may be busy with other tests. */
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })
const waits = { timeout: 30_000, interval: 20 }

/** What docs/guides/offline.md gives to who has nothing but the file. */
const documented = (): string => {
  const guide = readFileSync(new URL('../../../../docs/guides/offline.md', import.meta.url), 'utf8')
  return /```js\n(import \{ createPublicKey[\s\S]*?)```/.exec(guide)?.[1] ?? ''
}

let cloud: LoopbackCloud
let folder: string
let data: string
beforeEach(async () => {
  cloud = new LoopbackCloud()
  await cloud.start()
  folder = mkdtempSync(join(tmpdir(), 'jidoka-receipts-'))
  data = join(folder, 'edge')
  mkdirSync(data)
  const edge = await LineOnFolder.open(data, cloud)
  try {
    for (const start of [0, 100, 200]) {
      await edge.send(Array.from({ length: 20 }, (_, index) => start + index))
      await vi.waitUntil(edge.isEverythingReceipted, waits)
    }
  } finally {
    await edge.stop()
  }
})
afterEach(async () => {
  await cloud.stop()
  rmSync(folder, { recursive: true })
})

async function cli(...args: string[]) {
  const out: string[] = []
  const push = (text: string) => out.push(text)
  const code = await runCli(args, {
    out: push,
    err: push,
    environment: { JIDOKA_DATA: data },
    signal: new AbortController().signal,
  })
  return { code, text: out.join('\n') }
}

const inJournal = (sql: string): void => {
  const database = new Sqlite(journalFile(data))
  database.exec(sql)
  database.close()
}

describe('the receipts of an appliance', () => {
  test('are listed, verified with the rows, changed ones found, and a third person verifies the exported file', async () => {
    const listed = await cli('receipts', 'list', '--lane', 'readings')
    expect(listed.code).toBe(0)
    expect(listed.text.split('\n')[0]).toContain('up to 60  60 rows')

    const whole = await cli('receipts', 'verify', '--export', join(folder, 'receipts.json'))
    expect(whole).toMatchObject({ code: 0 })
    expect(whole.text).toMatch(/\d+ signed, and the rows held here lead to its digest/)
    expect(whole.text).not.toContain('OTHER ROWS')

    const script = join(folder, 'verify-receipts.mjs')
    writeFileSync(script, documented())
    const third = (file: string) => execFileSync(process.execPath, [script, join(folder, file)], { encoding: 'utf8' })
    const content = JSON.parse(readFileSync(join(folder, 'receipts.json'), 'utf8')) as ReceiptFile
    expect(third('receipts.json').trim().split('\n')).toEqual(
      content.receipts.map(({ lane, up_to_seq }) => `${lane} up to ${up_to_seq}: signed`),
    )
    const forged = content.receipts.map((each, index) =>
      index === 1 ? { ...each, count_total: each.count_total + 1 } : each,
    )
    writeFileSync(join(folder, 'forged.json'), JSON.stringify({ ...content, receipts: forged }))
    expect(() => third('forged.json')).toThrow('Command failed')
    expect(await cli('receipts', 'verify', join(folder, 'forged.json'))).toMatchObject({
      code: 3,
      text: expect.stringContaining('1 NOT as it was signed') as string,
    })

    // Somebody has changed a row of the journal behind its checksum.
    inJournal("update records set line = replace(line, 'PRESS-1', 'PRESS-9'), crc = null where kind = 'tag'")
    const changed = await cli('receipts', 'verify')
    expect(changed.code).toBe(3)
    expect(changed.text).toContain('OTHER ROWS')
    // Rows that are gone can be held against nothing, and that is no fault.
    inJournal("delete from records where kind = 'tag'")
    expect(await cli('receipts', 'verify')).toMatchObject({
      code: 0,
      text: expect.stringContaining('not all held') as string,
    })
  })
})
