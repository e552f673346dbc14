import type { Lane } from '@jidoka/sync-protocol'
import type { KeepingClassName } from './classes.ts'

/** Rows that go together or not at all: one record, one segment, one file. */
export interface Piece {
  readonly firstSeq: number
  readonly lastSeq: number
  /** What dropping it frees. */
  readonly bytes: number
  /** When its last row came, by the appliance's clock. */
  readonly atMs: number
  /** Large pieces are counted by themselves: see `stepFilesMax`. */
  readonly isFile: boolean
}

export interface ClassStock<Each extends Piece> {
  readonly name: KeepingClassName
  readonly lane: Lane
  /** What came before it goes by age; null while ages are not to be trusted. */
  readonly expiredBeforeMs: number | null
  /** Oldest first; read only as far as needed. */
  readonly pieces: Iterable<Each>
}

export interface DropQuestion<Each extends Piece> {
  /** In the order of dropping. */
  readonly classes: readonly ClassStock<Each>[]
  readonly nowMs: number
  /** Everything up to here is receipted; Infinity where there is no cloud. */
  readonly receiptedSeq: Readonly<Record<Lane, number>>
  /** State that is kept in memory is on disk up to here; what came behind is needed to make it again. */
  readonly settledSeq: Readonly<Record<Lane, number>>
  /** Bytes above the high-water mark; 0 or less: none. */
  readonly overBytes: number
  /** Bytes that the reserve lacks; 0 or less: none. */
  readonly shortBytes: number
  /** What is younger goes only for the reserve. */
  readonly youngMs: number
  readonly stepMax: { readonly rows: number; readonly rowBytes: number; readonly files: number }
}

export interface Drop<Each extends Piece> {
  readonly name: KeepingClassName
  readonly lane: Lane
  readonly reason: 'pruned' | 'space'
  /** The oldest of its class, in order. */
  readonly pieces: readonly Each[]
}

type Test<Each extends Piece> = (piece: Each, stock: ClassStock<Each>) => boolean

/**
 * What goes next, in at most one bounded step:
 * 1. by age, of every class, what is receipted;
 * 2. above the high-water mark, what is receipted and not young, one class after the other;
 * 3. where the reserve would run out, what is receipted, and only then what is not, in the same order.
 * What is kept of a class is always its newest rows: nothing is taken from behind a row that stays.
 */
export function planDrops<Each extends Piece>(question: DropQuestion<Each>): readonly Drop<Each>[] {
  const { nowMs, receiptedSeq, settledSeq, youngMs } = question
  const taking = question.classes.map((stock) => new Taking(stock))
  const budget = new Budget(question.stepMax)
  const isSettled: Test<Each> = (piece, { lane }) => piece.lastSeq <= settledSeq[lane]
  const isReceipted: Test<Each> = (piece, stock) => piece.lastSeq <= receiptedSeq[stock.lane] && isSettled(piece, stock)

  for (const each of taking)
    each.take(
      'pruned',
      budget,
      (piece, stock) => isReceipted(piece, stock) && piece.atMs < (stock.expiredBeforeMs ?? 0),
    )
  // A class of which more would go in the next step ends this one: the class behind it must not go before.
  const forSpace = (bytes: number, may: Test<Each>): boolean =>
    taking.every((each) => each.take('space', budget, (piece, stock) => budget.freed < bytes && may(piece, stock)))
  if (
    forSpace(question.overBytes, (piece, stock) => isReceipted(piece, stock) && piece.atMs < nowMs - youngMs) &&
    forSpace(question.shortBytes, isReceipted)
  )
    forSpace(question.shortBytes, isSettled)
  return taking.flatMap(({ drops }) => drops)
}

class Budget {
  freed = 0
  #rows: number
  #rowBytes: number
  #files: number

  constructor({ rows, rowBytes, files }: DropQuestion<Piece>['stepMax']) {
    this.#rows = rows
    this.#rowBytes = rowBytes
    this.#files = files
  }

  /** A row larger than all of the step's bytes still goes, alone. */
  spend(piece: Piece): boolean {
    if (piece.isFile ? this.#files <= 0 : this.#rows <= 0 || this.#rowBytes <= 0) return false
    if (piece.isFile) this.#files--
    else {
      this.#rows--
      this.#rowBytes -= piece.bytes
    }
    this.freed += piece.bytes
    return true
  }
}

/** Takes from the old end of one class, over several reasons. */
class Taking<Each extends Piece> {
  readonly drops: (Drop<Each> & { readonly pieces: Each[] })[] = []
  readonly #stock: ClassStock<Each>
  readonly #rest: Iterator<Each>
  #next: Each | null = null

  constructor(stock: ClassStock<Each>) {
    this.#stock = stock
    this.#rest = stock.pieces[Symbol.iterator]()
  }

  /** False where the step's budget ended it. */
  take(reason: 'pruned' | 'space', budget: Budget, may: Test<Each>): boolean {
    const { name, lane } = this.#stock
    for (;;) {
      const piece = this.#peek()
      if (piece === null || !may(piece, this.#stock)) return true
      if (!budget.spend(piece)) return false
      this.#next = null
      const last = this.drops.at(-1)
      if (last?.reason === reason) last.pieces.push(piece)
      else this.drops.push({ name, lane, reason, pieces: [piece] })
    }
  }

  #peek(): Each | null {
    if (this.#next !== null) return this.#next
    const { done, value } = this.#rest.next()
    this.#next = done === true ? null : value
    return this.#next
  }
}
