import Sqlite from 'better-sqlite3'
import { OperationalError } from '@jidoka/base'
import { journalFile, openForReading } from './database.ts'
import { openReader } from './journal-reader.ts'
import type { ReaderOptions, StoreReader } from './journal-reader.ts'

export type Cell = string | number | bigint | Uint8Array | null

export interface SqlAnswer {
  readonly columns: readonly string[]
  /** To be read before the view is closed. */
  readonly rows: Iterable<readonly Cell[]>
}

/**
 * What a person may ask of the journal in SQL: `readings`, a table with columns wherever they lie, and views of the rest. On
 * connections that cannot write.
 */
export class SqlView {
  readonly #database: Sqlite.Database
  readonly #reader: StoreReader
  /** Tables and their indexes by their first page. */
  readonly #hiddenPages: ReadonlyMap<number, string>

  /** @throws JournalOpenError */
  constructor(options: ReaderOptions) {
    // Refuses a folder without a journal, or of another version, in words.
    openForReading(options.dataFolder).close()
    this.#reader = openReader(options)
    this.#database = new Sqlite(journalFile(options.dataFolder), { readonly: true, fileMustExist: true })
    const reader = this.#reader
    this.#database.table('readings', {
      columns: ['tag', 'time', 'time_ms', 'value', 'text', 'quality', 'seq', 'received_ms'],
      parameters: ['of_tag', 'from_time', 'to_time'],
      *rows(ofTag: unknown, fromTime: unknown, toTime: unknown) {
        yield* readingRows(reader, ofTag, fromTime, toTime)
      },
    })
    this.#database.exec(views)
    this.#hiddenPages = new Map(
      this.#database
        .prepare<[], { page: number; name: string }>(
          'select rootpage as page, tbl_name as name from main.sqlite_schema',
        )
        .all()
        .flatMap(({ page, name }) => (hiddenTables.has(name) ? [[page, name] as const] : [])),
    )
  }

  /**
   * @throws OperationalError when the statement is none, is not one, or would write
   */
  query(sql: string): SqlAnswer {
    try {
      const statement = this.#database.prepare<[], Cell[]>(sql)
      if (!statement.reader || !statement.readonly)
        throw new OperationalError('Only a statement that reads is taken: select ... Nothing was changed.')
      this.#refuseHidden(sql)
      return {
        columns: statement.columns().map(({ name }) => name),
        rows: said(statement.raw().iterate()),
      }
    } catch (error) {
      throw inWords(error)
    }
  }

  /**
   * The program that SQLite makes of the statement says which tables it opens, whatever names, views and subqueries lead there. One that
   * begins with "explain" opens none.
   */
  #refuseHidden(sql: string): void {
    if (/^\s*explain\b/i.test(sql)) return
    const program = this.#database.prepare<[], { opcode: string; p2: number; p3: number }>(`explain ${sql}`).all()
    for (const { opcode, p2: page, p3: database } of program) {
      const table = opcodesOfTables.has(opcode) && database === 0 ? this.#hiddenPages.get(page) : undefined
      if (table !== undefined)
        throw new OperationalError(
          `"${table}" is not shown: it may hold password hashes and sessions. jidoka sql --help lists what can be asked.`,
        )
    }
  }

  close(): void {
    this.#database.close()
    this.#reader.close()
  }
}

function* readingRows(
  reader: StoreReader,
  ofTag: unknown,
  fromTime: unknown,
  toTime: unknown,
): Generator<Cell[], void, undefined> {
  const tags = reader.tags()
  const keys = new Map(tags.map((tag) => [tag.tag_no, tag.key]))
  const tagNos = isMissing(ofTag) ? null : tags.filter(({ key }) => key === ofTag).map((tag) => tag.tag_no)
  if (tagNos?.length === 0) return
  const [fromMs, toMs] = [instant(fromTime, -Infinity), instant(toTime, Infinity)]
  // To is not included, as everywhere where people name a span.
  for (const { tagNo, timeMs, value, quality, seq, receivedMs } of reader.readTagsFrom(tagNos, 1, {
    fromMs,
    toMs: toMs - 1,
  })) {
    yield [
      keys.get(tagNo) ?? null,
      Math.abs(timeMs) <= 8.64e15 ? new Date(timeMs).toISOString() : null,
      timeMs,
      typeof value === 'string' ? null : Number(value),
      typeof value === 'string' ? value : null,
      quality,
      seq,
      receivedMs,
    ]
  }
}

const isMissing = (parameter: unknown): boolean => parameter === undefined || parameter === null

/** They hold password hashes and sessions, also those of users that the cloud sent. */
const hiddenTables: ReadonlySet<string> = new Set(['users', 'settings', 'desired_items'])
/** Their p2 is the first page of what they open, their p3 the database. */
const opcodesOfTables: ReadonlySet<string> = new Set(['OpenRead', 'OpenWrite', 'ReopenIdx'])

/** In the place of the stored tables of these names, which are `main.records` and so on. */
const views = `
  create temp view records as
    select seq, strftime('%Y-%m-%dT%H:%M:%fZ', at_ms / 1000.0, 'unixepoch') as at, at_ms, kind, json_extract(line, '$.body') as body
    from main.records;
  create temp view tags as
    select tag_no, key as tag, kind, unit, last_ms, json_extract(last_value, '$') as last_value, last_quality from main.tags;
  create temp view judgments as
    select j.seq, strftime('%Y-%m-%dT%H:%M:%fZ', j.at_ms / 1000.0, 'unixepoch') as at, j.at_ms, j.id, j.rule_id, j.line, j.status, j.abnormal,
      json_extract(r.line, '$.body.subject') as subject, json_extract(r.line, '$.body.confidence') as confidence,
      json_extract(r.line, '$.body.explanation') as explanation, json_extract(r.line, '$.body') as body
    from main.judgments j join main.records r on r.seq = j.seq;
`

/** An instant as a number of milliseconds or as ISO 8601. */
function instant(value: unknown, missing: number): number {
  if (isMissing(value)) return missing
  const ms = typeof value === 'number' || typeof value === 'bigint' ? Number(value) : Date.parse(String(value))
  if (Number.isNaN(ms))
    throw new OperationalError(
      `"${String(value)}" is not an instant: write 2026-11-21T00:00:00Z, or milliseconds since 1970.`,
    )
  return ms
}

function* said(rows: Iterable<Cell[]>): Generator<readonly Cell[], void, undefined> {
  try {
    yield* rows
  } catch (error) {
    throw inWords(error)
  }
}

/** SQLite's own words are good; they only need to be taken for an answer and not for a bug. */
const inWords = (error: unknown): unknown =>
  error instanceof Sqlite.SqliteError || error instanceof RangeError || error instanceof TypeError
    ? new OperationalError(`The statement cannot be run: ${error.message}.`)
    : error
