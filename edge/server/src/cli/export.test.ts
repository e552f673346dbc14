import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Quality, Value } from '@jidoka/domain'
import { parquetReadObjects } from 'hyparquet'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { StoreFixture } from '../merging/testing/store-fixture.ts'
import { runCli } from './run.ts'

const startMs = Date.UTC(2026, 10, 21)
const day = ['--from', '2026-11-21T00:00:00Z', '--to', '2026-11-22T00:00:00Z'] as const

/** One reading of every kind, one behind the day, and enough of another tag for a merge. */
const special: readonly { readonly value: Value; readonly quality: Quality; readonly timeMs: number }[] = [
  { value: 21.5, quality: 'good', timeMs: startMs },
  { value: -0, quality: 'uncertain', timeMs: startMs + 1 },
  { value: true, quality: 'bad', timeMs: startMs + 2 },
  { value: '정지, "hold"\nnow', quality: 'good', timeMs: startMs + 3 },
  { value: 99, quality: 'good', timeMs: startMs + 86_400_000 },
]

let store: StoreFixture
let out: string
beforeAll(() => {
  store = new StoreFixture()
  out = mkdtempSync(join(tmpdir(), 'jidoka-export-'))
  store.commit(
    special.map((reading) => ({ tagNo: 1, ...reading })),
    startMs + 10,
  )
  for (let commit = 0; commit < 30; commit++) {
    store.commit(
      Array.from({ length: 200 }, (_, index) => ({
        tagNo: 2,
        timeMs: startMs + commit * 1_000 + index,
        value: index / 4,
        quality: 'good' as const,
      })),
      startMs + commit * 1_000 + 500,
    )
  }
  store.writer.commit(() => {
    const body = { actor: 'kim', action: 'alarm.acknowledge', subject: 'a', detail: {} }
    store.writer.record(1, { at_ms: startMs + 5, kind: 'audit', body }, store.nextSeq - 1)
    store.writer.lanes(store.nextSeq, 2)
  })
  store.settle()
})
afterAll(() => {
  store.close()
  rmSync(out, { recursive: true })
})

async function run(...argv: string[]) {
  let [text, err] = ['', '']
  const code = await runCli([...argv, '--data', store.folder], {
    out: (more) => (text += `${more}\n`),
    err: (more) => (err += `${more}\n`),
    environment: {},
    signal: new AbortController().signal,
  })
  return { code, out: text, err }
}

describe('jidoka export', () => {
  test('CSV has every kind of value and quality, in order of arrival', async () => {
    const answer = await run('export', '--tag', 'LINE-A/tag-1', ...day)
    expect(answer).toMatchObject({ code: 0, err: '' })
    expect(answer.out).toBe(
      [
        'time,tag,value,kind,unit,quality,received,seq',
        '2026-11-21T00:00:00.000Z,LINE-A/tag-1,21.5,number,C,good,2026-11-21T00:00:00.010Z,1',
        '2026-11-21T00:00:00.001Z,LINE-A/tag-1,-0,number,C,uncertain,2026-11-21T00:00:00.010Z,2',
        '2026-11-21T00:00:00.002Z,LINE-A/tag-1,true,boolean,C,bad,2026-11-21T00:00:00.010Z,3',
        '2026-11-21T00:00:00.003Z,LINE-A/tag-1,"정지, ""hold""\nnow",text,C,good,2026-11-21T00:00:00.010Z,4',
        '',
      ].join('\n'),
    )
  })

  test('NDJSON keeps values as they are, several tags at once', async () => {
    const { out: text } = await run(
      'export',
      '--tag',
      'LINE-A/tag-1',
      '--tag',
      'LINE-A/tag-2',
      '--format',
      'ndjson',
      ...day,
    )
    const lines = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { value: Value; seq: number })
    expect(lines.slice(0, 4).map(({ value }) => value)).toEqual(special.slice(0, 4).map(({ value }) => value))
    expect(lines).toHaveLength(4 + 6_000)
    expect(lines.map(({ seq }) => seq)).toEqual(lines.map(({ seq }) => seq).toSorted((left, right) => left - right))
  })

  test('Parquet is read back by another reader with the same rows', async () => {
    const file = join(out, 'all.parquet')
    expect(await run('export', '--all', '--format', 'parquet', '--out', file, ...day)).toMatchObject({ code: 0 })
    const bytes = readFileSync(file)
    const rows = await parquetReadObjects({
      file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
    })
    expect(rows).toHaveLength(4 + 6_000)
    expect(rows.slice(0, 4)).toEqual([
      expect.objectContaining({
        number: 21.5,
        quality: 'good',
        tag: 'LINE-A/tag-1',
        unit: 'C',
        seq: 1n,
        time: new Date(startMs),
      }),
      expect.objectContaining({ number: -0, quality: 'uncertain', seq: 2n }),
      expect.objectContaining({ number: null, boolean: true, text: null, quality: 'bad' }),
      expect.objectContaining({ number: null, boolean: null, text: special[3]?.value }),
    ])
  })

  test('a file holds what the output would, and records come as they go up', async () => {
    const file = join(out, 'one.csv')
    await run('export', '--tag', 'LINE-A/tag-1', '--out', file, ...day)
    expect(readFileSync(file, 'utf8')).toBe((await run('export', '--tag', 'LINE-A/tag-1', ...day)).out)
    const records = await run('export', '--kind', 'records', ...day)
    expect(JSON.parse(records.out)).toMatchObject({ seq: 1, kind: 'audit', body: { actor: 'kim' } })
  })

  test('says what is wrong with the question', async () => {
    expect(await run('export', ...day)).toMatchObject({ code: 2, err: expect.stringContaining('--all') as string })
    expect(await run('export', '--all', '--format', 'parquet', ...day)).toMatchObject({ code: 2 })
    expect(await run('export', '--tag', 'LINE-A/none', ...day)).toMatchObject({
      code: 1,
      err: expect.stringContaining('no tag "LINE-A/none"') as string,
    })
  })
})

describe('jidoka sql', () => {
  test('reads a tag and span as a table', async () => {
    const { out: text } = await run(
      'sql',
      "select seq, value from readings('LINE-A/tag-1', '2026-11-21T00:00:00Z', '2026-11-21T00:00:00.002Z')",
    )
    expect(text.trim().split('\n')).toEqual(['seq  value', '---  -----', '1    21.5', '2    0'])
  })

  test('aggregates over all readings, and joins with the tags', async () => {
    const answer = await run(
      'sql',
      'select tag, count(*) as n, max(value) as top from readings group by tag order by tag',
      '--format',
      'csv',
    )
    expect(answer.out).toBe('tag,n,top\nLINE-A/tag-1,5,99\nLINE-A/tag-2,6000,49.75\n')
    const joined = await run(
      'sql',
      'select t.unit, count(*) as n from tags t join readings(t.tag) r group by t.tag',
      '--format',
      'ndjson',
    )
    expect(joined.out).toBe('{"unit":"C","n":5}\n{"unit":"C","n":6000}\n')
    expect((await run('sql', 'select kind, body from records', '--format', 'csv')).out).toContain('audit')
  })

  test('refuses what would write, also with a second statement', async () => {
    for (const sql of [
      'delete from tags',
      'drop table records',
      'create table x (y)',
      "insert into meta values ('a', 'b')",
      'pragma journal_mode = delete',
      'select 1; delete from tags',
      'vacuum',
    ]) {
      const answer = await run('sql', sql)
      expect([sql, answer.code, answer.out]).toEqual([sql, 1, ''])
      expect(answer.err).toMatch(/Only a statement that reads|cannot be run/)
    }
    expect(store.reader.tags()).toHaveLength(2)
  })

  test('stops at the limit and says so; a mistake is answered in words', async () => {
    const cut = await run('sql', 'select seq from readings', '--limit', '3', '--format', 'csv')
    expect(cut.out).toBe('seq\n1\n2\n3\n')
    expect(cut.err).toContain('more than 3 rows')
    expect(await run('sql', 'selec 1')).toMatchObject({
      code: 1,
      err: expect.stringContaining('cannot be run') as string,
    })
    expect(await run('sql', "select * from readings('LINE-A/tag-1', 'yesterday')")).toMatchObject({
      code: 1,
      err: expect.stringContaining('not an instant') as string,
    })
  })
})
