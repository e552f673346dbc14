import type { Clock } from '@jidoka/base'
import type { Backend } from './backend.ts'
import type { Place, Places } from './places.ts'

/** For a database that was away: whoever waits for what is announced there polls meanwhile. */
const againMs = 10_000

/**
 * Listens in each database; in one that is away from when it is back, as it is beside the main one that they may be away.
 * @param missed called when announcements of any of them may have been missed
 */
export async function listenToAll(
  { places, main, clock }: { readonly places: Places; readonly main: Backend; readonly clock: Clock },
  channel: string,
  heard: (payload: string) => void,
  missed?: () => void,
): Promise<() => Promise<void>> {
  const ends = new Map<Place, () => Promise<void>>()
  let isOver = false
  let cancel: () => void = () => undefined
  let working: Promise<unknown> = Promise.resolve()

  /** @returns whether it is heard from now on, and was not before */
  const listenTo = async (place: Place): Promise<boolean> => {
    if (place.backend === null || ends.has(place)) return false
    try {
      ends.set(place, await place.backend.listen(channel, heard, missed))
      return true
    } catch (error) {
      if (place.backend === main) throw error
      places.missed(place, error)
      return false
    }
  }
  const listen = async (): Promise<boolean> => {
    const begun = await Promise.all(places.all.map(listenTo))
    if (!isOver && ends.size < places.all.length)
      cancel = clock.after(againMs, () => {
        working = listen().then((isMore) => (isMore ? missed?.() : undefined))
      })
    return begun.includes(true)
  }
  await listen()
  return async () => {
    isOver = true
    cancel()
    await working
    await Promise.all([...ends.values()].map((end) => end()))
  }
}
