import type { TenantList, TenantMove } from '@jidoka/contract'

type Database = TenantList['databases'][number]

/** Before its switch: it can be cancelled, and gone on with. */
export const isUnderWay = ({ step }: TenantMove): boolean =>
  step === 'copying' || step === 'following' || step === 'verifying'

/** Of the rows that are being gone through; null where nobody knows how far that is. */
export function fractionOf(move: TenantMove): number | null {
  const { step, rows_copied: copied, rows_verified: verified, rows_expected: expected } = move
  // The planner's guess may be low, and what is written meanwhile comes on top: it is not done before it is.
  const short = (done: number, all: number) => (all <= 0 ? null : Math.min(0.99, done / all))
  if (step === 'copying') return short(copied, expected ?? 0)
  return step === 'verifying' ? short(verified ?? 0, copied) : null
}

/** Where a tenant may go, those that cannot be reached too: they say so. */
export function targetsOf(tenant: string, { databases, tenants }: TenantList): readonly Database[] {
  const now = tenants.find(({ id }) => id === tenant)?.database
  return databases.filter(
    ({ name, kind }) =>
      name !== now &&
      (kind !== 'own' ||
        !tenants.some(({ id, database, move }) => id !== tenant && (database === name || move?.to === name))),
  )
}

/** How many rows of a phase of a move were done at an instant. */
interface Sample {
  readonly phase: string
  readonly atMs: number
  readonly rows: number
}
export type Samples = ReadonlyMap<string, readonly Sample[]>

/** A rate is of the last minute: longer, and a line that has become slow is not seen; shorter, and one large batch is. */
const windowMs = 60_000
const spanMsMin = 3_000

const doneIn = ({ step, rows_copied: copied, rows_verified: verified }: TenantMove): number =>
  step === 'verifying' ? (verified ?? 0) : copied

export function withSamples(before: Samples, moves: readonly TenantMove[], atMs: number): Samples {
  return new Map(
    moves.filter(isUnderWay).map((move) => {
      const earlier = (before.get(move.id) ?? []).filter(
        (sample) => sample.phase === move.step && sample.atMs > atMs - windowMs && sample.atMs < atMs,
      )
      return [move.id, [...earlier, { phase: move.step, atMs, rows: doneIn(move) }]]
    }),
  )
}

/** Rows a second, and how long this phase takes at that rate; null where too little was seen. */
export function rateOf(move: TenantMove, samples: Samples): { rate: number | null; leftMs: number | null } {
  const seen = samples.get(move.id) ?? []
  const [first, last] = [seen[0], seen.at(-1)]
  if (!move.worked_on || first === undefined || last === undefined || last.atMs - first.atMs < spanMsMin)
    return { rate: null, leftMs: null }
  const rate = Math.max(0, (last.rows - first.rows) / ((last.atMs - first.atMs) / 1_000))
  const all = move.step === 'verifying' ? move.rows_copied : (move.rows_expected ?? 0)
  const left = all - doneIn(move)
  return { rate, leftMs: rate > 0 && left > 0 && move.step !== 'following' ? (left / rate) * 1_000 : null }
}
