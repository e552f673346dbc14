import { randomBytes } from 'node:crypto'
import { courierPieceBytes } from '@jidoka/contract'
import { begin } from './courier-files.ts'
import { judgmentRecord } from './world.ts'
import type { TestEdge, World } from './world.ts'

/** What tests of courier files ask and make, of the world and the edge of the test that runs. */
export function courierDeskOf(now: () => { readonly world: World; readonly edge: TestEdge }) {
  const query = async <Row extends object>(text: string, values: unknown[] = []) =>
    (await now().world.store.backend.pool.query<Row>(text, values)).rows
  const atMs = () => now().world.clock.nowMs()
  return {
    query,
    /** The next readings of the edge, as a batch. */
    readings: (count: number) =>
      now().edge.readingsBatch(
        Array.from({ length: count }, (_, index) => ({ tagNo: 1, timeMs: atMs() + index, value: index + 0.5 })),
      ),
    records: (count: number) =>
      now().edge.recordsBatch(Array.from({ length: count }, (_, index) => judgmentRecord(atMs() + index))),
    received: async (lane: 'records' | 'readings') =>
      (
        await query<{ received_seq: number }>(
          'select received_seq from fleet.cursors where edge_id = $1 and lane = $2',
          [now().edge.id, lane],
        )
      )[0]?.received_seq ?? 0,
    judgments: async () =>
      (
        await query<{ n: number }>('select count(*)::int as n from core.judgment_executions where edge_id = $1', [
          now().edge.id,
        ])
      )[0]?.n,
    piecesKept: async (fileId: string) =>
      (
        await query<{ n: number }>('select count(*)::int as n from fleet.courier_pieces where file_id = $1', [fileId])
      )[0]?.n,
    /** Batches that fill more than one piece; all but the first three bring nothing new. */
    bulk: (): Uint8Array[] => {
      const text = randomBytes(courierPieceBytes).toString('base64').slice(0, courierPieceBytes)
      const texts = Array.from({ length: 3 }, (_, batch) =>
        now().edge.readingsBatch(
          Array.from({ length: 500 }, (__, index) => ({
            tagNo: 2,
            timeMs: atMs(),
            value: text.slice((batch * 500 + index) * 1_000, (batch * 500 + index) * 1_000 + 1_000),
          })),
        ),
      )
      return Array.from({ length: 5 }, () => texts).flat()
    },
    refusalOf: async (file: Uint8Array): Promise<string> => {
      const { status, body } = await begin(now().world, file)
      if (status < 400) throw new Error(`the file was taken: ${JSON.stringify(body)}`)
      return body.detail
    },
  }
}
