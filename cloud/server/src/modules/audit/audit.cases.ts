import { auditEntrySchema, cloudPaths } from '@jidoka/contract'
import { z } from 'zod'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { World } from '../../testing/world.ts'
import type { NewStore } from '../../testing/stores.ts'

export function auditCases(newStore: NewStore): void {
  describe('audit', () => {
    let world: World
    beforeAll(async () => {
      world = await World.open(await newStore())
    })
    afterAll(() => world.close())

    it('lists who did what, newest first, page by page without a gap or a repeat', async () => {
      for (let index = 0; index < 7; index++) {
        world.clock.advance(1_000)
        await world.newToken({ siteCode: `SITE-${index}` })
      }
      const all = z.array(auditEntrySchema).parse((await world.as('GET', `${cloudPaths.audit}?limit=200`)).body.data)
      expect(all.map(({ at }) => at)).toEqual(
        all
          .map(({ at }) => at)
          .toSorted()
          .toReversed(),
      )
      const paged: string[] = []
      let cursor: string | undefined
      do {
        const { body } = await world.as(
          'GET',
          `${cloudPaths.audit}?limit=3${cursor === undefined ? '' : `&cursor=${cursor}`}`,
        )
        paged.push(...body.data.map((entry: { id: string }) => entry.id))
        cursor = body.meta.next_cursor
      } while (cursor !== undefined)
      expect(paged).toEqual(all.map(({ id }) => id))
    })

    it('finds entries by who, by what or its first word, on what, and when', async () => {
      const found = async (query: string) =>
        z.array(auditEntrySchema).parse((await world.as('GET', `${cloudPaths.audit}?limit=200&${query}`)).body.data)
      const issued = await found('action=enrolment.issue')
      expect(issued.length).toBeGreaterThan(6)
      expect(await found('action=enrolment')).toEqual(issued)
      expect(await found('action=enrol')).toEqual([])
      expect((await found('subject=SITE-3')).map(({ subject }) => subject)).toEqual(['SITE-3'])
      expect(await found('actor=nobody')).toEqual([])
      const at = (await found('subject=SITE-3'))[0]?.at ?? ''
      expect((await found(`actor=admin&from=${at}`)).at(-1)?.subject).toBe('SITE-3')
      expect((await found(`to=${at}`)).map(({ subject }) => subject)).not.toContain('SITE-3')
      expect((await world.as('GET', `${cloudPaths.audit}?from=yesterday`)).body.kind).toBe('invalid_input')
    })

    it('refuses a cursor that it did not give', async () => {
      expect((await world.as('GET', `${cloudPaths.audit}?cursor=rubbish`)).body.kind).toBe('invalid_input')
    })

    it("cannot be changed or emptied, not even by the table's owner", async () => {
      const { pool } = world.store.backend
      await expect(pool.query(`update audit.audit_logs set actor = 'nobody'`)).rejects.toThrow('append-only')
      await expect(pool.query('delete from audit.audit_logs')).rejects.toThrow('append-only')
      await expect(pool.query('truncate audit.audit_logs')).rejects.toThrow('append-only')
    })

    it('has the entry of an edge once, however often it is delivered', async () => {
      const edge = await world.newEdge()
      const atMs = world.clock.nowMs()
      const record = {
        at_ms: atMs,
        kind: 'audit',
        body: { actor: 'kim', action: 'alarm.acknowledge', subject: 'a', detail: { n: 1 } },
      } as const
      await edge.send(edge.recordsBatch([record]))
      await edge.send(edge.recordsBatch([record], 1))
      const entries = (await world.as('GET', cloudPaths.audit)).body.data.filter(
        (entry: { action: string }) => entry.action === 'alarm.acknowledge',
      )
      expect(entries).toMatchObject([{ actor: 'press shop: kim', subject: 'a', detail: { n: 1 } }])
    })
  })
}
