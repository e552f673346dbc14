import type { Clock, Log, Service } from '@jidoka/base'
import { describeError } from '@jidoka/base'

/** A rotation has a grace of minutes or days; a minute is soon, and reading a few small files costs nothing. */
export const keysEveryMs = 60_000

/** Keys in files, of which others may come while the program runs. */
export interface WatchedKeys {
  /** Reads them anew. @throws KeyError; what was read before stays in force then */
  reload(): Promise<void>
}

/** Notices a rotation that was done beside this process, and the instant from which a new key is used. */
export function watchKeys({ keys, clock, log }: { keys: readonly WatchedKeys[]; clock: Clock; log: Log }): Service {
  let cancel: () => void = () => undefined
  let working: Promise<unknown> = Promise.resolve()
  let isStopped = false
  const again = () => {
    if (isStopped) return
    cancel = clock.after(keysEveryMs, () => {
      const reloads = keys.map((each) =>
        // The log says so each minute until the folder is mended.
        each
          .reload()
          .catch((error: unknown) => log.error({ action: 'keys.reload', success: false }, describeError(error))),
      )
      working = Promise.all(reloads).then(again)
    })
  }
  return {
    name: 'keys',
    start: () => Promise.resolve(again()),
    stop: async () => {
      isStopped = true
      cancel()
      await working
    },
  }
}
