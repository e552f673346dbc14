import type { Clock, Log, Service } from '@jidoka/base'
import { describeError } from '@jidoka/base'
import type { ReceiptKeys } from './receipt-keys.ts'

/** A rotation has days of grace; a minute is soon, and reading a few small files costs nothing. */
export const keysEveryMs = 60_000

/** Notices a rotation that was done beside this process, and the instant from which a new key signs. */
export function watchReceiptKeys({ keys, clock, log }: { keys: ReceiptKeys; clock: Clock; log: Log }): Service {
  let cancel: () => void = () => undefined
  let working: Promise<void> = Promise.resolve()
  let isStopped = false
  const again = () => {
    if (isStopped) return
    cancel = clock.after(keysEveryMs, () => {
      working = keys
        .reload()
        // What was read before stays in force; the log says so each minute until the folder is mended.
        .catch((error: unknown) => log.error({ action: 'keys.reload', success: false }, describeError(error)))
        .then(again)
    })
  }
  return {
    name: 'receipt-keys',
    start: () => Promise.resolve(again()),
    stop: async () => {
      isStopped = true
      cancel()
      await working
    },
  }
}
