import { ackRows } from '../../../edge/server/bench/ack.ts'
import type { Bench } from '../harness.ts'

export const bench: Bench = {
  prepare: async () => ({ rows: ackRows, close: async () => {} }),
}
