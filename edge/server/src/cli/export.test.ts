import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeError } from '@jidoka/base'
import type { Quality, Value } from '@jidoka/domain'
import { parquetReadObjects } from 'hyparquet'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { StoreFixture } from '../merging/testing/store-fixture.ts'
import type { CommandContext } from './command.ts'
import { runCli } from './run.ts'
import { askSql } from './sql-question.ts'
import type { SqlQuestion } from './sql-question.ts'

const program = new URL('./main.ts', import.meta.url).pathname
/** The process of the question, once it has begun. Absent while there is none. */
const childOf = (pid: number): string | undefined =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0] || undefined

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

/** In this process: what the statement answers does not hang on where it runs. */
async function ask(sql: string, format: SqlQuestion['format'] = 'table', limit = 1_000) {
  let [text, err] = ['', '']
  const context: CommandContext = {
    out: (more) => (text += `${more}\n`),
    err: (more) => (err += `${more}\n`),
    environment: {},
    signal: new AbortController().signal,
  }
  try {
    const code = await askSql({ dataFolder: store.folder, sql, format, limit }, context)
    return { code, out: text, err }
  } catch (error) {
    return { code: 1, out: text, err: `${describeError(error)}\n` }
  }
}

describe('jidoka sql', () => {
  test('reads a tag and span as a table', async () => {
    const { out: text } = await ask(
      "select seq, value from readings('LINE-A/tag-1', '2026-11-21T00:00:00Z', '2026-11-21T00:00:00.002Z')",
    )
    expect(text.trim().split('\n')).toEqual(['seq  value', '---  -----', '1    21.5', '2    0'])
  })

  test('aggregates over all readings, and joins with the tags', async () => {
    const answer = await ask(
      'select tag, count(*) as n, max(value) as top from readings group by tag order by tag',
      'csv',
    )
    expect(answer.out).toBe('tag,n,top\nLINE-A/tag-1,5,99\nLINE-A/tag-2,6000,49.75\n')
    const joined = await ask('select t.unit, count(*) as n from tags t join readings(t.tag) r group by t.tag', 'ndjson')
    expect(joined.out).toBe('{"unit":"C","n":5}\n{"unit":"C","n":6000}\n')
    expect((await ask('select kind, body from records', 'csv')).out).toContain('audit')
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
      const answer = await ask(sql)
      expect([sql, answer.code, answer.out]).toEqual([sql, 1, ''])
      expect(answer.err).toMatch(/Only a statement that reads|cannot be run/)
    }
    expect(store.reader.tags()).toHaveLength(2)
  })

  test('says once what a statement cannot do', async () => {
    expect((await ask('delete from tags')).err).toBe(
      'The statement cannot be run: cannot modify tags because it is a view.\n',
    )
  })

  test('I8: password hashes and sessions are not shown, by whatever way they are asked for', async () => {
    for (const sql of [
      'select * from users',
      'select body from main.users where login = 1 and origin = 2',
      'select count(*) from settings',
      'with q as (select value from main.settings) select tag from tags where tag in q',
      'select (select group_concat(body) from desired_items)',
      ' -- explain\nselect * from "users"',
    ]) {
      const answer = await ask(sql)
      expect([sql, answer.code, answer.out]).toEqual([sql, 1, ''])
      expect(answer.err).toContain('is not shown')
    }
    expect((await ask('explain query plan select * from users')).code).toBe(0)
    expect((await ask('select distinct tag, kind from tags order by 1 limit 1', 'csv')).code).toBe(0)
  })

  describe('the process of a question', () => {
    const endless = 'with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n'

    test('is asked in a process of its own, which answers as this one would', async () => {
      const answer = await run('sql', 'select seq from readings', '--format', 'csv', '--limit', '2')
      expect(answer).toMatchObject({
        code: 0,
        out: 'seq\n1\n2\n',
        err: expect.stringContaining('more than 2') as string,
      })
      expect(await run('sql', 'delete from tags')).toMatchObject({
        code: 1,
        out: '',
        err: 'The statement cannot be run: cannot modify tags because it is a view.\n',
      })
    })

    test('that has no end is stopped after its time, with a sentence', async () => {
      expect(await run('sql', endless, '--timeout', '0.3')).toMatchObject({
        code: 1,
        out: '',
        err: expect.stringContaining('longer than 0.3 s') as string,
      })
      for (const wrong of ['0', 'soon', '3601', '-1']) {
        const answer = await run('sql', 'select 1', `--timeout=${wrong}`)
        expect([wrong, answer.code]).toEqual([wrong, 2])
      }
    })

    test('that has no end is stopped by its user and ends with 130', async () => {
      const answer = await runCli(['sql', endless, '--data', store.folder], {
        out: () => {},
        err: () => {},
        environment: {},
        signal: AbortSignal.timeout(300),
      })
      expect(answer).toBe(130)
    })

    test('ends when the command is sent SIGTERM, and when it is killed', async () => {
      for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
        const command = spawn(process.execPath, [program, 'sql', endless, '--data', store.folder], { stdio: 'ignore' })
        const ended = once(command, 'exit')
        const child = await vi.waitUntil(() => childOf(command.pid ?? 0))
        command.kill(signal)
        expect(await ended).toEqual(signal === 'SIGTERM' ? [130, null] : [null, 'SIGKILL'])
        await vi.waitUntil(() => !existsSync(`/proc/${child}/exe`))
      }
    }, 30_000)
  })

  test('stops at the limit and says so; a mistake is answered in words', async () => {
    const cut = await ask('select seq from readings', 'csv', 3)
    expect(cut.out).toBe('seq\n1\n2\n3\n')
    expect(cut.err).toContain('more than 3 rows')
    expect(await ask('selec 1')).toMatchObject({
      code: 1,
      err: expect.stringContaining('cannot be run') as string,
    })
    expect(await ask("select * from readings('LINE-A/tag-1', 'yesterday')")).toMatchObject({
      code: 1,
      err: expect.stringContaining('not an instant') as string,
    })
  })
})
