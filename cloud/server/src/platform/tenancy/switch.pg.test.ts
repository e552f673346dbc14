import { createLog, systemClock } from '@jidoka/base'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AuditKeys } from '../../modules/audit/audit-keys.ts'
import { AuditService } from '../../modules/audit/service.ts'
import { placesOfPlain } from '../../testing/places.ts'
import type { TwoPlaces } from '../../testing/places.ts'
import { postgresIsMissing, postgresServer } from '../../testing/stores.ts'
import type { PostgresServer } from '../../testing/stores.ts'
import type { Backend } from '../db/backend.ts'
import { DatabaseLine } from '../db/broken-line.cases.ts'
import { Database } from '../db/database.ts'
import { openBackend } from '../db/open.ts'
import { defaultDatabaseSettings } from '../db/settings.ts'
import { openKeys } from '../keys.ts'
import { TenantMover } from './mover.ts'

const missing = postgresIsMissing()
const tenant = 'demo'

describe.skipIf(missing !== null)(
  `the switch of a tenant to another server${missing === null ? '' : ` (skipped: ${missing})`}`,
  () => {
    let servers: [PostgresServer, PostgresServer]
    let places: TwoPlaces
    let line: DatabaseLine
    let farBackend: Backend
    beforeAll(async () => {
      servers = [await postgresServer(), await postgresServer()]
      places = await placesOfPlain(servers)
      const url = new URL(servers[1].url('of_plain', 'plain'))
      line = await DatabaseLine.open(Number(url.port))
      url.port = String(line.port)
      farBackend = await openBackend({
        url: url.href,
        folder: '',
        settings: { ...defaultDatabaseSettings, pool_wait_s: 1 },
        onFailure: () => undefined,
        onBrokenConnection: () => undefined,
      })
    }, 60_000)
    afterAll(async () => {
      line.isSilent = false
      line.reset()
      await farBackend.close()
      await line.close()
      await places.close()
      for (const server of servers) await server.end()
    })

    it(
      'lets whoever writes go on within two seconds when the line to it goes silent, and is done when it is back',
      { timeout: 180_000 },
      async () => {
        const clock = systemClock
        const directory = await places.newDirectory(clock)
        const second = directory.named('second')
        if (second === null) throw new Error('there are two')
        second.backend = farBackend
        const database = new Database(places.main.backend, { clock, places: directory })
        const keys = await openKeys(`${places.main.folder}/keys`)
        const audit = new AuditService({ database, clock, keys: new AuditKeys(keys.audit) })
        const rename = (name: string, held: () => Promise<void> = () => Promise.resolve()) =>
          database.withTenant(tenant, async (tx) => {
            await tx.query('update core.tenants set name = $1', [name])
            await held()
          })
        await database.withTenant(tenant, (tx) =>
          tx.run(`insert into core.tenants (id, name) values ('demo', 'before')`),
        )
        /** Until the mover waits for those who have written: then the line is lost, and they are done. */
        const switchBegins = async () => {
          for (;;) {
            const { rows } = await places.eyes.main.query(
              `select 1 from pg_locks where locktype = 'advisory' and not granted`,
            )
            if (rows.length > 0) break
          }
          line.isSilent = true
        }
        const lines: string[] = []
        const writings: Promise<number>[] = []
        const mover = new TenantMover({
          directory,
          database,
          audit,
          clock,
          log: createLog('test', { destination: { write: (text) => void lines.push(text) } }),
          reached: async (point) => {
            if (point !== 'verified' || writings.length > 0) return
            let isHeld = (): void => undefined
            const hasWritten = new Promise<void>((resolve) => (isHeld = resolve))
            const write = async () => {
              await rename('held', () => {
                isHeld()
                return switchBegins()
              })
              const fromMs = performance.now()
              await rename('behind')
              return performance.now() - fromMs
            }
            writings.push(write())
            await hasWritten
          },
        })
        const { id } = await mover.begin(tenant, 'second', 'admin')
        const moving = mover.run(id).catch((error: unknown) => error)
        while (writings.length === 0) await new Promise((resolve) => setImmediate(resolve))
        const waitedMs = await writings[0]
        expect(waitedMs).toBeGreaterThan(500)
        // That the line was given up bounds it: without that it is waited for half a minute. The machine may stand still meanwhile.
        expect(
          lines.filter((text) => /tenant\.switch.*(did not answer in time|took too long)/.test(text)),
        ).toHaveLength(1)
        expect(waitedMs).toBeLessThan(10_000)
        line.isSilent = false
        line.reset()
        await moving
        const move = (await mover.openMoveOf(tenant))?.step === 'switched' ? null : await mover.run(id)
        expect(move?.step ?? 'switched').toBe('switched')
        expect(await database.withTenant(tenant, (tx) => tx.query('select name from core.tenants'))).toEqual([
          { name: 'behind' },
        ])
        expect((await places.eyes.second.query('select name from core.tenants')).rows).toEqual([{ name: 'behind' }])
      },
    )
  },
)
