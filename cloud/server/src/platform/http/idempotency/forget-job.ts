import type { Clock, Log } from '@jidoka/base'
import { z } from 'zod'
import type { Database } from '../../db/database.ts'
import type { JobDefinition } from '../../jobs/port.ts'
import { forEachTenant } from '../../rounds.ts'
import { forgetExpired } from './repository.ts'

/** In one statement, so that none takes long. */
const keysAtOnce = 1_000

/** Forgets keys and their answers that have had their time; what is kept for a day may as well stay an hour longer. */
export const forgetKeysJob = (parts: {
  readonly database: Database
  readonly clock: Clock
  readonly log: Log
}): JobDefinition<Readonly<Record<string, never>>> => ({
  name: 'http.forget_keys',
  title: { ko: '지난 요청 키 정리', en: 'Forget old request keys' },
  about: {
    ko: '하루가 지난 Idempotency-Key와 보관된 답변을 지웁니다.',
    en: 'Removes idempotency keys and their kept answers after a day.',
  },
  scope: 'platform',
  input: z.strictObject({}),
  schedule: '40 * * * *',
  concurrency: 1,
  retries: 1,
  retryDelaySeconds: 300,
  timeoutSeconds: 1_800,
  run: async ({ signal }) => {
    const { database, clock } = parts
    let keys = 0
    await forEachTenant(
      { ...parts, action: 'idempotency.forget' },
      async (tenantId) => {
        for (let forgotten = keysAtOnce; forgotten === keysAtOnce && !signal.aborted; keys += forgotten)
          forgotten = await database.withTenant(tenantId, (tx) => forgetExpired(tx, clock.nowMs(), keysAtOnce))
      },
      () => signal.aborted,
    )
    signal.throwIfAborted()
    return { keys }
  },
})
