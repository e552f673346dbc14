import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@jidoka/base'
import pg from 'pg'
import { expect, test, vi } from 'vitest'
import { quietLog } from '../testing/quiet-log.ts'
import { runMesCases } from './mes-cases.ts'
import { Mes } from './mes.ts'

/** Starts databases or programs, which takes seconds each, and many times that on a machine that is busy with other tests. */
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

runMesCases('PGlite', () => null)

test('a MES folder keeps its rows over a restart, with what was left open closed, and a broken one is made anew', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'jidoka-mes-'))
  const open = async <Answer>(run: (mes: Mes, client: pg.Client) => Promise<Answer>): Promise<Answer> => {
    const mes = new Mes({ port: 0, url: null, dataFolder: folder, clock: systemClock, log: quietLog })
    await mes.start()
    const client = new pg.Client({ connectionString: mes.url })
    try {
      await client.connect()
      return await run(mes, client)
    } finally {
      await client.end()
      await mes.stop()
    }
  }
  const orders = async (client: pg.Client) => (await client.query('SELECT order_no, finished_at FROM mes.orders')).rows
  try {
    await open(async (mes, client) => {
      mes.add(
        { type: 'order_started', line: 'LINE-A', atMs: 0, order: 'WO-1', product: 'P', targetCount: 5 },
        new Date(),
      )
      await mes.flush()
      expect(await orders(client)).toEqual([{ order_no: 'WO-1', finished_at: null }])
    })
    await open(async (_, client) => {
      expect(await orders(client)).toEqual([{ order_no: 'WO-1', finished_at: expect.any(Date) }])
    })
    writeFileSync(join(folder, 'mes', 'global', 'pg_control'), 'power cut')
    await open(async (_, client) => expect(await orders(client)).toEqual([]))
  } finally {
    rmSync(folder, { recursive: true })
  }
})
