import type { Clock } from '@jidoka/base'
import type { Backend } from './backend.ts'
import type { Place, Places } from './places.ts'

/** For a database that was away: whoever waits for what is announced there polls meanwhile. */
const againMs = 10_000

/** Listens in each database; in one that is away from when it is back, as it is beside the main one that they may be away. */
export async function listenToAll(
  { places, main, clock }: { readonly places: Places; readonly main: Backend; readonly clock: Clock },
  channel: string,
  heard: (payload: string) => void,
): Promise<() => Promise<void>> {
  const ends = new Map<Place, () => Promise<void>>()
  let isOver = false
  let cancel: () => void = () => undefined
  let working: Promise<unknown> = Promise.resolve()

  const listenTo = async (place: Place): Promise<void> => {
    if (place.backend === null || ends.has(place)) return
    try {
      ends.set(place, await place.backend.listen(channel, heard))
    } catch (error) {
      if (place.backend === main) throw error
      places.missed(place, error)
    }
  }
  const listen = async (): Promise<void> => {
    await Promise.all(places.all.map(listenTo))
    if (!isOver && ends.size < places.all.length)
      cancel = clock.after(againMs, () => {
        working = listen()
      })
  }
  await listen()
  return async () => {
    isOver = true
    cancel()
    await working
    await Promise.all([...ends.values()].map((end) => end()))
  }
}
