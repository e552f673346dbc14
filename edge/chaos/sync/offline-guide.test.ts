import { execFileSync, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeProblem, uplinkLimits } from '@jidoka/sync-engine'
import { exportPublicKey, generateEdgeKey, laneStart, refusals, signReceipt } from '@jidoka/sync-protocol'
import { expect, test } from 'vitest'
import { keepingDefaults } from '../../server/src/keeping/policy.ts'

/*
 * The guide for a line that is cut says what the program does: a figure or a sentence that has changed here must change there.
 */
const guide = readFileSync(new URL('../../../docs/guides/offline.md', import.meta.url), 'utf8')

test('the figures of the guide are those of the uplink', () => {
  const limits: Readonly<Record<string, number>> = uplinkLimits
  const rows = [...guide.matchAll(/^\| `(\w+)` \| ([\d,]+) \|$/gm)]
  expect(rows.length).toBeGreaterThan(10)
  for (const [, name = '', figure = ''] of rows)
    expect([name, Number(figure.replaceAll(',', ''))]).toEqual([name, limits[name]])
})

test('the mark, the reserve and the days of readings are those of the keeper', () => {
  expect(guide).toContain(`high-water mark, ${keepingDefaults.highWaterPercent} % of the disk`)
  expect(guide).toContain(`less than ${keepingDefaults.reserveBytes / 1024 ** 2} MiB free`)
  expect(guide).toContain(`(${keepingDefaults.days.readings} for readings)`)
})

test('what the guide quotes is what the program says', () => {
  const said = new Set([
    ...Object.values(refusals).map(({ sentence }) => sentence),
    describeProblem({ kind: 'diverged', seq: 4711 }),
    describeProblem({ kind: 'cloud_ahead', cloudSeq: 4711 }),
    describeProblem({ kind: 'forged_receipt' }),
  ])
  const quotes = [...guide.matchAll(/^(?:> (.+)|\| \*(.+?)\* \| .*)$/gm)].map(([, alone, inTable]) => alone ?? inTable)
  expect(quotes.length).toBeGreaterThan(7)
  for (const quote of quotes) expect(said).toContain(quote)
})

test('the script of the guide verifies receipts, and refuses one that was changed', () => {
  const script = /```js\n([\s\S]+?)```/.exec(guide)?.[1] ?? ''
  const folder = mkdtempSync(join(tmpdir(), 'jidoka-guide-'))
  try {
    const { privateKey } = generateEdgeKey()
    const receipt = signReceipt(
      {
        edgeId: randomUUID(),
        epoch: randomUUID(),
        lane: 'records',
        point: { ...laneStart, seq: 12, count: 12 },
        receivedAtMs: Date.UTC(2026, 10, 21),
      },
      { keyId: 'k1', privateKey },
    )
    const write = (receipts: readonly unknown[]) => {
      const file = join(folder, 'receipts.json')
      writeFileSync(
        file,
        JSON.stringify({ keys: [{ key_id: 'k1', public_key: exportPublicKey(privateKey) }], receipts }),
      )
      return [join(folder, 'verify.mjs'), file]
    }
    writeFileSync(join(folder, 'verify.mjs'), script)
    expect(execFileSync(process.execPath, write([receipt]), { encoding: 'utf8' })).toBe('records up to 12: signed\n')
    const changed = spawnSync(process.execPath, write([{ ...receipt, up_to_seq: 13 }]), { encoding: 'utf8' })
    expect([changed.status, changed.stdout]).toEqual([1, 'records up to 13: NOT SIGNED\n'])
  } finally {
    rmSync(folder, { recursive: true })
  }
})
