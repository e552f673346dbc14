import { systemClock } from '@jidoka/base'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { NewStore, TestStore } from '../../testing/stores.ts'
import { Database } from './database.ts'
import type { Transaction } from './database.ts'
import { defaultDatabaseSettings } from './settings.ts'

// Statements of a transaction go to the server without waiting for the answers of those before them. What must hold all the same: one that fails takes
// all of them with it and is what the caller hears of, and none ever runs outside of its transaction, as whoever signed in to the database.

export function databaseCases(newStore: NewStore): void {
  describe('transactions', () => {
    let store: TestStore
    let database: Database
    beforeAll(async () => {
      store = await newStore()
      database = new Database(store.backend, { clock: systemClock })
      await database.withTenant('demo', (tx) => tx.run(`insert into core.tenants (id, name) values ('demo', 'Demo')`))
    })
    afterAll(() => store.close())

    const insert = (tx: Transaction, code: string) => {
      const text = `insert into fleet.sites (tenant_id, code, name, time_zone) values ($1, $2, '{}', 'Asia/Seoul')`
      tx.send(text, [tx.tenantId, code])
    }
    const codes = async () =>
      database.withTenant('demo', async (tx) =>
        (await tx.query<{ code: string }>('select code from fleet.sites order by code')).map(({ code }) => code),
      )

    it('answer statements that are asked for at once in their order, each seeing those before it', async () => {
      const counts = await database.withTenant('demo', (tx) => {
        const count = () => tx.query<{ n: number }>('select count(*)::int as n from fleet.sites')
        const asked = []
        for (const code of ['A', 'B', 'C']) {
          insert(tx, code)
          asked.push(count())
        }
        return Promise.all(asked)
      })
      expect(counts.flat().map(({ n }) => n)).toEqual([1, 2, 3])
      expect(await codes()).toEqual(['A', 'B', 'C'])
    })

    it('are undone as a whole by a statement that nobody waited for, and say what failed', async () => {
      const failed = database.withTenant('demo', (tx) => {
        insert(tx, 'D')
        tx.send('select 1 / 0')
        insert(tx, 'E')
        return Promise.resolve('as if all were well')
      })
      await expect(failed).rejects.toThrow('division by zero')
      expect(await codes()).toEqual(['A', 'B', 'C'])
    })

    it('say what failed first where a later statement is the one that was waited for', async () => {
      const failed = database.withTenant('demo', (tx) => {
        tx.send('select 1 / 0')
        return tx.query('select 1')
      })
      await expect(failed).rejects.toThrow('division by zero')
    })

    it('are not committed where a failure was passed over', async () => {
      const failed = database.withTenant('demo', async (tx) => {
        insert(tx, 'D')
        await tx.query('select 1 / 0').catch(() => undefined)
      })
      await expect(failed).rejects.toThrow('division by zero')
      expect(await codes()).toEqual(['A', 'B', 'C'])
    })

    it('say what failed first where nobody had waited for it yet', async () => {
      const failed = database.withTenant('demo', async (tx) => {
        const first = tx.query('select 1 / 0')
        await tx.query('select 1')
        return first
      })
      await expect(failed).rejects.toThrow('division by zero')
    })

    /** Fails in the way that PostgreSQL asks to be repeated. */
    const conflict = `do $$ begin raise 'two at once' using errcode = 'serialization_failure'; end $$`

    it('are done three times where the server asks for it, whichever statement was waited for', async () => {
      const waysToWait: ((tx: Transaction) => Promise<unknown>)[] = [
        (tx) => tx.query(conflict),
        async (tx) => {
          tx.send(conflict)
          await tx.query('select 1')
        },
        async (tx) => {
          const first = tx.query(conflict)
          await tx.query('select 1')
          await first
        },
        (tx) => tx.query(conflict).catch(() => undefined),
      ]
      for (const work of waysToWait) {
        let attempts = 0
        const failed = database.withTenant('demo', (tx) => {
          attempts++
          return work(tx)
        })
        await expect(failed).rejects.toThrow('two at once')
        expect(attempts).toBe(3)
      }
    })

    it('are done as often as the settings say', async () => {
      const settings = { ...defaultDatabaseSettings, attempts: 1 }
      const impatient = new Database(store.backend, { clock: systemClock, settings })
      let attempts = 0
      const failed = impatient.withTenant('demo', (tx) => {
        attempts++
        return tx.query(conflict)
      })
      await expect(failed).rejects.toThrow('two at once')
      expect(attempts).toBe(1)
    })

    it('are done three times also where a failure has kept a statement from being prepared', async () => {
      let attempts = 0
      const failed = database.withTenant('demo', async (tx) => {
        const named = { name: `of-attempt-${++attempts}`, text: 'select 1 as n' }
        tx.send(conflict)
        tx.send(named)
        await tx.query(named)
      })
      await expect(failed).rejects.toThrow('two at once')
      expect(attempts).toBe(3)
    })

    it('I6: take no statement behind their end, where it would run in no transaction', async () => {
      const left: Transaction[] = []
      await database.withTenant('demo', (tx) => Promise.resolve(void left.push(tx)))
      await expect(
        database.withTenant('demo', (tx) => {
          left.push(tx)
          return Promise.reject(new Error('no'))
        }),
      ).rejects.toThrow('no')
      for (const tx of left) {
        await expect(tx.query('select 1')).rejects.toThrow('after the end of its transaction')
        insert(tx, 'F')
      }
      expect(await codes()).toEqual(['A', 'B', 'C'])
    })

    it('end along with the last statement where the work says that none follows', async () => {
      const asked: string[] = []
      const rows = database.withTenant('demo', (tx) => {
        const found = tx.query<{ tenant: string }>('select jidoka.tenant() as tenant')
        tx.ends()
        tx.query('select current_user').catch((error: Error) => asked.push(error.message))
        return found
      })
      expect(await rows).toEqual([{ tenant: 'demo' }])
      expect(asked).toEqual(['a statement was sent after the end of its transaction'])
      const failed = database.withTenant('demo', (tx) => {
        insert(tx, 'D')
        const found = tx.query('select 1 / 0')
        tx.ends()
        return found
      })
      await expect(failed).rejects.toThrow('division by zero')
      expect(await codes()).not.toContain('D')
    })

    it('go on on the same connection after a failure, with statements that are prepared', async () => {
      const prepared = { name: 'of-the-test', text: 'select $1::int / $2::int as n' }
      const divide = (by: number) =>
        database.withTenant('demo', (tx) => Promise.all([tx.query(prepared, [6, by]), tx.query(prepared, [8, by])]))
      for (let round = 0; round < 3; round++) {
        await expect(divide(0)).rejects.toThrow('division by zero')
        expect(await divide(2)).toEqual([[{ n: 3 }], [{ n: 4 }]])
      }
    })
  })
}
