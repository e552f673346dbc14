/**
 * `npm run bench <name> [-- --json --full]`: ratios against a peer or a limit, measured in this run. `npm run bench set-up`
 * installs the peers.
 */
import { parseArgs } from 'node:util'
import { aims } from './aims.ts'
import type { Aim, BenchName } from './aims.ts'
import { machine, measure, met } from './harness.ts'
import type { Bench, Result } from './harness.ts'
import { setUpPeers } from './set-up.ts'

const benches: Record<BenchName, () => Promise<{ bench: Bench }>> = {
  edge: () => import('./benches/edge.ts'),
  rules: () => import('./benches/rules.ts'),
  sync: () => import('./benches/sync.ts'),
  cloud: () => import('./benches/cloud.ts'),
  board: () => import('./benches/board.ts'),
  start: () => import('./benches/start.ts'),
  pages: () => import('./benches/pages.ts'),
}

if (process.argv[2] === 'set-up') {
  setUpPeers()
  process.exit(0)
}

const { values: options, positionals } = parseArgs({
  // `full`: sizes as promised where a bench has smaller ones for every day.
  // `row`: part of the names of the rows to measure, and no others.
  options: { json: { type: 'boolean' }, full: { type: 'boolean' }, row: { type: 'string' } },
  allowPositionals: true,
})
const [name] = positionals
if (!isBenchName(name)) {
  console.error(`Say which: npm run bench ${[...Object.keys(benches), 'set-up'].join(' | npm run bench ')}`)
  process.exit(2)
}

const table: Readonly<Record<string, Aim>> = aims[name]
const { bench } = await benches[name]()
console.log(`bench ${name}: ${machine()}`)
for (const line of (await bench.about?.()) ?? []) console.log(`  ${line}`)

const results: Result[] = []
const prepared = await bench.prepare()
if (typeof prepared === 'string') {
  for (const [row, aim] of Object.entries(table)) {
    results.push(await measure({ name: row, unit: '', subject: async () => 0, peer: prepared }, aim))
  }
} else {
  try {
    for (const row of prepared.rows.filter(({ name: its }) => isWanted(its))) {
      const aim = table[row.name]
      if (!aim) throw new Error(`"${row.name}" has no aim in the table`)
      const result = await measure(row, aim)
      results.push(result)
      console.log(sentence(result))
    }
  } finally {
    await prepared.close()
  }
}
const measured = new Set(results.map((result) => result.name))
for (const row of Object.keys(table))
  if (isWanted(row) && !measured.has(row)) throw new Error(`the bench did not measure "${row}"`)
if (typeof prepared === 'string') for (const result of results) console.log(sentence(result))

if (options.json) {
  const rows = results.map(({ name: row, subject, peer, ratio, aim, better, reason }) => ({
    name: row,
    subject,
    peer,
    ratio,
    aim,
    better,
    ...(reason === undefined ? {} : { reason }),
  }))
  console.log(JSON.stringify({ bench: name, rows }))
}

/** Whether a row was asked for: all are, unless one is named. */
function isWanted(row: string): boolean {
  return options.row === undefined || row.includes(options.row)
}

function sentence(result: Result): string {
  if (result.ratio === null) return `  -        ${result.name}: not measured, ${result.reason}`
  const verdict = met(result) ? 'met' : 'MISSED'
  const percent = (share: number) => `±${(share * 100).toFixed(0)} %`
  const peer = result.peer === null ? '' : `, peer ${figure(result.peer)} ${percent(result.spread.peer ?? 0)}`
  const sign = result.better === 'higher' ? '>=' : '<='
  return `  ${figure(result.ratio)} x (aim ${sign} ${result.aim}, ${verdict})  ${result.name}: ${figure(result.subject ?? 0)} ${percent(result.spread.subject)}${peer}`
}

function figure(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3)
}

function isBenchName(text: string | undefined): text is BenchName {
  return text !== undefined && Object.hasOwn(benches, text)
}
