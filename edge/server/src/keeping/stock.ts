import type { Database } from '../store/database.ts'
import { keepingClasses } from './classes.ts'
import type { KeepingClass, RowSource } from './classes.ts'
import type { Piece } from './plan.ts'
import { recordBytesSql } from './row-bytes.ts'

/** Where a piece lies. */
export type StockPiece = Piece & { readonly file: string | null; readonly count: number }

interface ReadingsRow {
  readonly first_seq: number
  readonly count: number
  readonly bytes: number
  readonly received_ms: number
  readonly file: string | null
}
interface RecordRow {
  readonly seq: number
  readonly at_ms: number
  readonly bytes: number
}

/** Rows read at once: a step takes some 500 at most, and usually none. */
const pageRows = 128

/**
 * What the journal holds, oldest first and class by class, read page by page as the planner asks. A class of records is
 * read from its floor on: everything of the class below it is gone, and a search through what other classes keep there
 * would be made again at every look.
 */
export class Stock {
  readonly #rows
  readonly #files
  readonly #sources: ReadonlyMap<RowSource, (afterSeq: number) => RecordRow[]>

  constructor(database: Database) {
    this.#rows = database.prepare<[number, number], ReadingsRow>(
      `select first_seq, count, length(body) as bytes, received_ms, null as file from reading_segments
       where first_seq > ? order by first_seq limit ?`,
    )
    this.#files = database.prepare<[number, number], ReadingsRow>(
      'select first_seq, count, bytes, received_ms, file from segment_files where first_seq > ? order by first_seq limit ?',
    )
    this.#sources = new Map(
      keepingClasses.flatMap(({ sources }) =>
        sources.map((source): [RowSource, (afterSeq: number) => RecordRow[]] => [source, readerOf(database, source)]),
      ),
    )
  }

  *pieces(each: KeepingClass, floorSeq: number, nowMs: number): Generator<StockPiece> {
    const pieces =
      each.lane === 'readings'
        ? merged([this.#paged(this.#rows), this.#paged(this.#files)])
        : merged(each.sources.map((source) => this.#records(source, floorSeq)))
    yield* withoutFuture(pieces, nowMs)
  }

  *#paged(statement: { all(afterSeq: number, limit: number): ReadingsRow[] }): Generator<StockPiece> {
    let after = 0
    for (;;) {
      const page = statement.all(after, pageRows)
      for (const { first_seq, count, bytes, received_ms, file } of page)
        yield {
          firstSeq: first_seq,
          lastSeq: first_seq + count - 1,
          bytes,
          atMs: received_ms,
          isFile: file !== null,
          file,
          count,
        }
      const last = page.at(-1)
      if (last === undefined || page.length < pageRows) return
      after = last.first_seq
    }
  }

  *#records(source: RowSource, floorSeq: number): Generator<StockPiece> {
    const read = this.#sources.get(source)
    let after = floorSeq - 1
    for (;;) {
      const page = read?.(after) ?? []
      for (const { seq, at_ms, bytes } of page)
        yield {
          firstSeq: seq,
          lastSeq: seq,
          bytes,
          atMs: at_ms,
          isFile: false,
          file: null,
          count: 1,
        }
      const last = page.at(-1)
      if (last === undefined || page.length < pageRows) return
      after = last.seq
    }
  }
}

function readerOf(database: Database, { kind, abnormal }: RowSource): (afterSeq: number) => RecordRow[] {
  if (abnormal === undefined) {
    const statement = database.prepare<[string, number, number], RecordRow>(
      `select seq, at_ms, ${recordBytesSql('records')} as bytes from records where kind = ? and seq > ? order by seq limit ?`,
    )
    return (afterSeq) => statement.all(kind, afterSeq, pageRows)
  }
  const statement = database.prepare<[number, number], RecordRow>(
    `select j.seq, r.at_ms, ${recordBytesSql('r')} as bytes from judgments j join records r on r.seq = j.seq
     where j.abnormal = ${abnormal ? 1 : 0} and j.seq > ? order by j.seq limit ?`,
  )
  return (afterSeq) => statement.all(afterSeq, pageRows)
}

/** Several ordered streams as one. */
function* merged(streams: readonly Iterator<StockPiece>[]): Generator<StockPiece> {
  const heads = streams.map((stream) => stream.next())
  for (;;) {
    let lowest = -1
    for (const [index, { done, value }] of heads.entries()) {
      const best = heads[lowest]
      if (done !== true && (best === undefined || best.done === true || value.firstSeq < best.value.firstSeq))
        lowest = index
    }
    const head = heads[lowest]
    const stream = streams[lowest]
    if (head === undefined || head.done === true || stream === undefined) return
    yield head.value
    heads[lowest] = stream.next()
  }
}

/** Held back until one with a time that can be is found; more would be a clock that was wrong for days. */
const futurePiecesMax = 4_096

/** What says that it came in the future was stored while the clock ran ahead: it is as old as what came after it. */
function* withoutFuture(pieces: Iterable<StockPiece>, nowMs: number): Generator<StockPiece> {
  let held: StockPiece[] = []
  for (const piece of pieces) {
    if (piece.atMs > nowMs && held.length < futurePiecesMax) {
      held.push(piece)
      continue
    }
    for (const each of held) yield { ...each, atMs: Math.min(each.atMs, piece.atMs) }
    held = []
    yield piece
  }
  yield* held
}
