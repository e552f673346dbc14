import { gzipSync } from 'node:zlib'
import { encodeReadingsBatch } from '@jidoka/sync-protocol'
import type { BenchRow } from '../harness.ts'
import { Plant, tagsOfPlant } from './sync-plant.ts'

const readings = 262_144
/** Readings of one gzip body: a batch as a program with JSON would send it. */
const jsonPerBody = 10_000

/** Bytes of one and the same plant on the line: batches of the protocol, JSON as a broker carries it, and that gzipped. */
export function wireRows(): readonly BenchRow[] {
  const ours = async () => {
    const sender = { edge_id: '01a1f000-0000-7000-8000-000000000000', epoch: '01a1f000-0000-7000-8000-000000000001' }
    return encodeReadingsBatch(sender, new Plant(tagsOfPlant).merged(readings)).length / readings
  }
  const json = async (length: (text: string) => number) => {
    const plant = new Plant(tagsOfPlant)
    let bytes = 0
    for (let sent = 0; sent < readings; sent += jsonPerBody) {
      let text = ''
      for (let index = 0; index < Math.min(jsonPerBody, readings - sent); index++) {
        const { tagNo, timeMs, value } = plant.next()
        text += `sensor/LINE-A/M-${tagNo}/temperature ${JSON.stringify({ value, unit: '°C', timestamp: timeMs })}\n`
      }
      bytes += length(text)
    }
    return bytes / readings
  }
  return [
    {
      name: 'bytes a reading on the line, against JSON with topic',
      unit: 'B',
      subject: ours,
      peer: () => json((text) => Buffer.byteLength(text)),
    },
    {
      name: 'bytes a reading on the line, against the same JSON gzipped',
      unit: 'B',
      subject: ours,
      peer: () => json((text) => gzipSync(text).length),
    },
  ]
}
