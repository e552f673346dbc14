import type { Clock, Log } from '@jidoka/base'
import { describeError } from '@jidoka/base'
import type { Database } from '../../platform/db/database.ts'
import { forEachTenant, Rounds } from '../../platform/rounds.ts'
import type { Commands } from './commands.ts'

/** What is kept for 30 days may as well stay an hour longer. */
export const tidyEveryMs = 3_600_000
const action = 'fleet.commands'

/** Forgets commands and bundles that have had their time. */
export function commandTidier(parts: {
  readonly database: Database
  readonly clock: Clock
  readonly log: Log
  readonly commands: Pick<Commands, 'tidy'>
}): Rounds {
  const { clock, log, commands } = parts
  const rounds: Rounds = new Rounds({
    name: 'fleet-commands',
    everyMs: tidyEveryMs,
    clock,
    work: () =>
      forEachTenant(
        { ...parts, action },
        (tenantId) => commands.tidy(tenantId),
        () => rounds.isStopping,
      ),
    // What is too old only takes room for an hour more.
    failed: (error) => log.error({ action, success: false }, describeError(error)),
  })
  return rounds
}
