import type { Clock, Log, Service } from '@jidoka/base'
import { describeError } from '@jidoka/base'
import type { Database } from '../../platform/db/database.ts'
import { allTenantsOf } from '../../platform/db/tenants.ts'
import type { Commands } from './commands.ts'

/** What is kept for 30 days may as well stay an hour longer. */
export const tidyEveryMs = 3_600_000

/** Forgets commands and bundles that have had their time. */
export class CommandTidier implements Service {
  readonly name = 'fleet-commands'
  readonly #parts: { database: Database; clock: Clock; log: Log; commands: Pick<Commands, 'tidy'> }
  #cancel: () => void = () => undefined
  #working: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(parts: { database: Database; clock: Clock; log: Log; commands: Pick<Commands, 'tidy'> }) {
    this.#parts = parts
  }

  start(): Promise<void> {
    this.#again()
    return Promise.resolve()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancel()
    await this.#working
  }

  #again(): void {
    if (this.#stopped) return
    const { clock, log } = this.#parts
    this.#cancel = clock.after(tidyEveryMs, () => {
      this.#working = this.#tidy()
        // Tried again in an hour: what is too old only takes room.
        .catch((error: unknown) => log.error({ action: 'fleet.commands', success: false }, describeError(error)))
        .then(() => this.#again())
    })
  }

  async #tidy(): Promise<void> {
    for (const tenantId of await allTenantsOf(this.#parts.database)) {
      if (this.#stopped) return
      try {
        await this.#parts.commands.tidy(tenantId)
      } catch (error) {
        // Those behind it have theirs; this one's turn comes again in an hour.
        this.#parts.log.error({ action: 'fleet.commands', success: false, tenant: tenantId }, describeError(error))
      }
    }
  }
}
