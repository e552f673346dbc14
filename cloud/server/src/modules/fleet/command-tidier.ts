import type { Log } from '@jidoka/base'
import { z } from 'zod'
import type { Database } from '../../platform/db/database.ts'
import type { JobDefinition } from '../../platform/jobs/port.ts'
import { forEachTenant } from '../../platform/rounds.ts'
import type { Commands } from './commands.ts'

/** Forgets commands and bundles that have had their time; what is kept for 30 days may as well stay an hour longer. */
export const commandTidyJob = (parts: {
  readonly database: Database
  readonly log: Log
  readonly commands: Pick<Commands, 'tidy'>
}): JobDefinition<Readonly<Record<string, never>>> => ({
  name: 'fleet.commands_tidy',
  title: { ko: '오래된 명령 정리', en: 'Tidy old commands' },
  about: {
    ko: '기한이 지난 현장 장치 명령과 지원 자료를 지웁니다.',
    en: 'Removes commands to appliances and support bundles that are past their time.',
  },
  scope: 'platform',
  input: z.strictObject({}),
  schedule: '25 * * * *',
  startedBy: 'fleet:manage',
  concurrency: 1,
  retries: 1,
  retryDelaySeconds: 300,
  timeoutSeconds: 1_800,
  run: async ({ signal }) => {
    let tenants = 0
    await forEachTenant(
      { ...parts, action: 'fleet.commands' },
      async (tenantId) => {
        await parts.commands.tidy(tenantId)
        tenants++
      },
      () => signal.aborted,
    )
    signal.throwIfAborted()
    return { tenants }
  },
})
