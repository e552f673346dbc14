import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  advancePoint,
  decodeBatch,
  encodeDropBatch,
  encodeReadingsBatch,
  generateCourierKey,
  laneStart,
  SegmentBuilder,
} from '@jidoka/sync-protocol'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { runCourierCommand } from '../../../courier-command.ts'
import { courierDeskOf } from '../../../testing/courier-desk.ts'
import { begin, bring, ended, exchangeKeys, upFile } from '../../../testing/courier-files.ts'
import { batchOf, spread } from '../../../testing/range-batches.ts'
import type { NewStore } from '../../../testing/stores.ts'
import { World } from '../../../testing/world.ts'
import type { TestEdge } from '../../../testing/world.ts'
import { gaugesEveryMs } from '../gauges.ts'
import { courierDeskLimits } from './limits.ts'

// Where there is no line, rows come in files that people carry: late, twice, in the wrong order, in part. The goal is that of the line (I2):
// each row is here once, at its place, or not at all, whatever was imported how often; and a file that is not the edge's own, to the bit,
// changes nothing.

export function courierCases(newStore: NewStore): void {
  describe('courier files (I2)', () => {
    let world: World
    let edge: TestEdge
    let cloudKey: string
    const own = generateCourierKey()
    beforeAll(async () => {
      world = await World.open(await newStore())
    })
    afterAll(() => world.close())
    beforeEach(async () => {
      edge = await world.newEdge()
      cloudKey = await exchangeKeys(edge, own.publicKey)
    })
    const { query, readings, records, received, judgments, piecesKept } = courierDeskOf(() => ({ world, edge }))

    it('I2: takes the rows of a file as the line would, and says how many were new', async () => {
      const file = upFile(edge, cloudKey, [records(3), readings(5), readings(4)])
      const done = await bring(world, file)
      expect(done).toMatchObject({
        state: 'done',
        problem: null,
        batches: 3,
        batches_applied: 3,
        rows_new: 12,
        records: { from_seq: 1, to_seq: 3 },
        readings: { from_seq: 1, to_seq: 9 },
        edge_name: 'press shop',
      })
      expect([await received('records'), await received('readings'), await judgments()]).toEqual([3, 9, 3])
      expect(await piecesKept(done.file_id)).toBe(0)
    })

    it('I2: the same file again, and the same rows in another file, change nothing', async () => {
      const batches = [records(2), readings(5)]
      const file = upFile(edge, cloudKey, batches)
      const first = await bring(world, file)
      const again = await begin(world, file)
      expect(again.body.data).toEqual(first)
      const other = await bring(world, upFile(edge, cloudKey, batches))
      expect(other).toMatchObject({ state: 'done', rows_new: 0 })
      expect([await received('readings'), await judgments()]).toEqual([5, 2])
    })

    it('I2: files in the wrong order wait for the one before them, and go on by themselves', async () => {
      const [one, two, three] = [[records(2), readings(5)], [readings(6)], [records(3), readings(7)]].map((batches) =>
        upFile(edge, cloudKey, batches),
      ) as [Buffer, Buffer, Buffer]
      const last = await bring(world, three)
      expect(last).toMatchObject({ state: 'waiting', rows_new: 0 })
      expect(last.problem).toContain('records 1 to 2 and readings 1 to 11: import the file before this one')
      expect(await bring(world, two)).toMatchObject({ state: 'waiting' })
      await bring(world, one)
      expect(await ended(world, last.file_id)).toMatchObject({ state: 'done', rows_new: 10, problem: null })
      expect([await received('records'), await received('readings'), await judgments()]).toEqual([5, 18, 5])
    })

    it('counts for Prometheus the files that are not done, and their bytes, by where they stand', async () => {
      records(2)
      const file = upFile(edge, cloudKey, [records(1)])
      expect(await bring(world, file)).toMatchObject({ state: 'waiting' })
      const staged = await query<{ n: number; bytes: number }>(
        `select count(*)::int as n, sum(bytes)::bigint as bytes from fleet.courier_files where state = 'waiting'`,
      )
      const gauge = async (name: string, state: string) =>
        Number(
          new RegExp(`^${name}{state="${state}"} (.+)$`, 'm').exec((await world.request('GET', '/metrics')).body)?.[1],
        )
      // A round that is under way has looked before this: the next one begins behind it.
      do world.clock.advance(gaugesEveryMs)
      while ((await gauge('jidoka_courier_files_staged', 'waiting')) !== staged[0]?.n)
      expect(await gauge('jidoka_courier_bytes_staged', 'waiting')).toBe(staged[0]?.bytes)
      expect(staged[0]?.bytes).toBeGreaterThanOrEqual(file.length)
      expect(await gauge('jidoka_courier_files_staged', 'receiving')).toBe(0)
    })

    it('I2: a lane whose rows are there goes on while the other one of the file waits', async () => {
      records(2)
      const waiting = await bring(world, upFile(edge, cloudKey, [records(1), readings(5)]))
      expect(waiting).toMatchObject({ state: 'waiting', rows_new: 5 })
      expect([await received('records'), await received('readings')]).toEqual([0, 5])
    })

    it('I2: what the line has brought meanwhile is passed over, and a file that waits goes on with what it brings', async () => {
      const [first, second, third] = [readings(5), readings(5), readings(5)]
      const file = await bring(world, upFile(edge, cloudKey, [second, third]))
      expect(file.state).toBe('waiting')
      expect(file.problem).toContain('waits for readings 1 to 5:')
      expect((await edge.send(first)).status).toBe(200)
      expect((await edge.send(second)).status).toBe(200)
      world.clock.advance(courierDeskLimits.lookEveryMs)
      expect(await ended(world, file.file_id)).toMatchObject({ state: 'done', rows_new: 5 })
      expect(await received('readings')).toBe(15)
    })

    it('takes dropped ranges, with their reason', async () => {
      const drop = encodeDropBatch(edge.sender, { lane: 'readings', fromSeq: 1, toSeq: 40, reason: 'space' })
      edge.nextSeq.readings = 41
      expect(await bring(world, upFile(edge, cloudKey, [drop, readings(2)]))).toMatchObject({ state: 'done' })
      expect(await query('select from_seq, to_seq, reason from fleet.drops where edge_id = $1', [edge.id])).toEqual([
        { from_seq: 1, to_seq: 40, reason: 'space' },
      ])
    })

    it('I2: an epoch that goes on with the numbers of its journal may begin with a file', async () => {
      edge.nextSeq.readings = 801
      const builder = new SegmentBuilder()
      builder.push(1, 1_000, 1, 'good')
      const first = encodeReadingsBatch({ ...edge.sender, start_seq: 801 }, [builder.encode(801, 1_000)])
      expect(await bring(world, upFile(edge, cloudKey, [first]))).toMatchObject({ state: 'done', rows_new: 1 })
      expect(await received('readings')).toBe(801)
    })

    it('I2: takes a batch that makes more rows than a transaction may write, in parts, as the edge cannot cut it any more', async () => {
      const batch = batchOf(edge, spread(66_000), 1)
      const held = await bring(world, upFile(edge, cloudKey, [batch]))
      expect(held).toMatchObject({ state: 'done', problem: null, rows_new: 66_000 })
      const [cursor] = await query<{ digest: string }>('select digest from fleet.cursors where edge_id = $1', [edge.id])
      expect(cursor?.digest).toBe(advancePoint(laneStart, decodeBatch(batch)).digest)
    }, 60_000)

    it('goes on with a file after the program was stopped in the middle', async () => {
      const file = upFile(edge, cloudKey, [readings(2), readings(3)])
      const { file_id: fileId } = await bring(world, file)
      // As a crash leaves it: checked, half of it applied, and whoever worked on it gone.
      await query(
        `update fleet.courier_files set state = 'applying', ended_at = null, leased_until = '2000-01-01' where file_id = $1`,
        [fileId],
      )
      await query(`insert into fleet.courier_pieces (tenant_id, file_id, no, body) values ('demo', $1, 0, $2)`, [
        fileId,
        file,
      ])
      world.clock.advance(courierDeskLimits.lookEveryMs)
      expect(await ended(world, fileId)).toMatchObject({ state: 'done', rows_new: 5 })
      expect(await received('readings')).toBe(5)
    })

    it('on the command line: files in any order, each with what came of it, and one for an edge', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'jidoka-courier-'))
      const files = [upFile(edge, cloudKey, [readings(2)]), upFile(edge, cloudKey, [readings(3)])].map(
        (bytes, index) => {
          const file = join(folder, `${index + 1}.courier`)
          writeFileSync(file, bytes)
          return file
        },
      ) as [string, string]
      const lines: string[] = []
      const run = (...argv: string[]) =>
        runCourierCommand(argv, {
          courier: world.cloud.courier,
          tenant: 'demo',
          print: (line) => void lines.push(line),
        })
      expect(await run('import', files[1])).toBe(false)
      expect(lines.at(-1)).toContain('2.courier: The file waits for readings 1 to 2')
      expect(await run('import', files[1], files[0])).toBe(true)
      expect(lines.slice(-2)).toEqual([
        `${files[1]}: taken, 3 rows of "press shop" were new`,
        `${files[0]}: taken, 2 rows of "press shop" were new`,
      ])
      const down = join(folder, 'down.courier')
      expect(await run('export', '--edge', edge.id, '--to', down)).toBe(true)
      expect(readFileSync(down).subarray(0, 16).toString()).toBe('JIDOKA-COURIER-1')
      await expect(run('export', '--to', down)).rejects.toThrow('needs the id of an edge')
      await expect(run('import', join(folder, 'none'))).rejects.toThrow('cannot be read')
      await expect(run('import', '--what')).rejects.toThrow('courier export --edge ID')
      await expect(run('import', down)).rejects.toThrow('This courier file is for an appliance')
      rmSync(folder, { recursive: true })
    })
  })
}
