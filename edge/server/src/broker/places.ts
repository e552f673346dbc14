/** What takes a place: a connection, or a session that is kept. */
export interface Placed {
  /** A login, or an address where nobody signs in. */
  readonly holder: string
}

export interface PlacesAsked<T extends Placed> {
  /** Those that are taken, the oldest first. */
  readonly taken: Iterable<T>
  readonly holder: string
  readonly ofAllMax: number
  /** What one holder may have, however many are free. */
  readonly ofHolderMax: number
  /** What may make room for the holder. */
  readonly mayGo: (placed: T) => boolean
}

/** A place is free, or becomes free when `goes` is ended; `refused` says why there is none. */
export type PlaceOutcome<T> = { readonly goes: T | null } | { readonly refused: string }

/**
 * Finds a place for one more of a holder. Nobody can keep the others out by taking all there are: when none is free, one
 * who has fewer gets a place of whoever has most, as long as that one still has no fewer than the other afterwards. What a
 * holder has too many of makes room for its own.
 */
export function findPlace<T extends Placed>(asked: PlacesAsked<T>): PlaceOutcome<T> {
  const { holder, ofAllMax, ofHolderMax, mayGo } = asked
  const byHolder = new Map<string, { count: number; oldest: T | null }>()
  let count = 0
  for (const placed of asked.taken) {
    count++
    const theirs = byHolder.get(placed.holder) ?? { count: 0, oldest: null }
    theirs.count++
    if (theirs.oldest === null && mayGo(placed)) theirs.oldest = placed
    byHolder.set(placed.holder, theirs)
  }
  const own = byHolder.get(holder) ?? { count: 0, oldest: null }
  if (own.count >= ofHolderMax)
    return own.oldest === null ? { refused: `${holder} has too many already` } : { goes: own.oldest }
  if (count < ofAllMax) return { goes: null }
  let most: { readonly count: number; readonly oldest: T | null } = own
  for (const [name, theirs] of byHolder)
    if (name !== holder && theirs.oldest !== null && theirs.count > Math.max(most.count, own.count + 1)) most = theirs
  return most.oldest === null ? { refused: 'there are too many' } : { goes: most.oldest }
}
