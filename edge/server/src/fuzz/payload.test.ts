import { Mutator, fuzzRun } from '@jidoka/base/testing'
import { expect, test } from 'vitest'
import { openPipeline } from '../pipeline/index.ts'
import { newFolder, removeFolder } from '../pipeline/test-support.ts'
import { quietLog } from '../broker/test-support.ts'
import { openReader } from '../store/journal-reader.ts'
import { foundPayloads } from './found.ts'

/*
 * I10: whatever a device sends as a payload, the appliance goes on: each message becomes readings or a dead letter, every
 * number that is stored is finite, and the message is answered. The real pipeline takes them, journal and all.
 */
const { seed, count, timeoutMs } = fuzzRun(60_000)

const valid = [
  '{"tenant_id":"acme","value":20.5,"unit":"C","timestamp":"2026-11-21T03:04:05.678Z"}',
  '{"value":-1.5e-7,"timestamp":1795230245,"quality":"uncertain"}',
  '{"value":"RUN","unit":""}',
  '{"value":true,"timestamp":1795230245678}',
  '20.5',
  '"STOPPED"',
  '[20.1,20.2,20.3]',
  '[{"value":1,"timestamp":1795230245678},{"value":2,"timestamp":"2026-11-21T03:04:05Z"}]',
  '{"tenant_id":"acme","unit":"C","samples":[[1795230245678,1.25],{"value":2}]}',
  '{"value":"정지 \\u0041 \\ud83d\\ude00"}',
].map((text) => Buffer.from(text))

/** One for each message of a batch, so that each can be found again: an array is several readings, which would stand for messages that vanished. */
const topics = Array.from({ length: 500 }, (_, index) => {
  const line = index % 2 === 0 ? 'LINE-A' : 'LINE-B'
  return index % 3 === 0 ? `sensor/${line}/code-${index}` : `sensor/${line}/PRESS-${index}/state`
})

test(
  `I10: ${count} spoilt payloads, seed ${seed}: each is answered, as readings or as a dead letter, and no number is beyond its bounds`,
  { timeout: timeoutMs },
  async () => {
    const folder = newFolder()
    const pipeline = await openPipeline({ dataFolder: folder, tenantId: 'acme', log: quietLog })
    const reader = openReader({ dataFolder: folder })
    const seen = { readings: 0, deadLetters: 0 }
    let outOfBounds = 0
    const topicByTagNo = new Map<number, string>()
    const landed = new Set<string>()
    pipeline.onCommitted((committed) => {
      seen.readings += committed.counts.readings
      seen.deadLetters += committed.deadLetters.length
      for (const { topic } of committed.deadLetters) landed.add(topic)
      for (const { tag_no: tagNo, key } of committed.newTags) topicByTagNo.set(tagNo, `sensor/${key}`)
      for (const { value, timeMs } of committed.values) {
        if (typeof value === 'number' && !(Math.abs(value) <= 1e15)) outOfBounds++
        if (typeof value === 'string' && (value.includes('\0') || !value.isWellFormed())) outOfBounds++
        if (!Number.isSafeInteger(timeMs)) outOfBounds++
      }
    })
    try {
      const mutator = new Mutator(seed)
      let answered = 0
      const refusals: Error[] = []
      const inputs = function* (): Generator<Uint8Array> {
        yield* foundPayloads
        for (let index = foundPayloads.length; index < count; index++) yield mutator.spoil(mutator.pick(valid))
      }
      let sent = 0
      let batch: { readonly topic: string; readonly payload: string }[] = []
      const vanished: string[] = []
      let nextSeq = 1
      const lookAtBatch = async (): Promise<void> => {
        await expect.poll(() => answered, { interval: 1, timeout: 20_000 }).toBe(sent)
        for (const { seq, tagNo } of reader.readTagsFrom(null, nextSeq)) {
          landed.add(topicByTagNo.get(tagNo) ?? '')
          nextSeq = seq + 1
        }
        for (const { topic, payload } of batch) if (!landed.has(topic)) vanished.push(`${topic} ${payload}`)
        batch = []
        landed.clear()
      }
      for (const payload of inputs()) {
        const topic = topics[batch.length] as string
        batch.push({ topic, payload: Buffer.from(payload).toString('latin1') })
        pipeline.ingest({ topic, payload, source: 'fuzz', qos: 1 }, (error) => {
          if (error !== null) refusals.push(error)
          answered++
        })
        sent++
        if (batch.length === topics.length) await lookAtBatch()
      }
      await lookAtBatch()
      expect(refusals).toEqual([])
      expect(outOfBounds).toBe(0)
      // What gave no reading in the journal gave a dead letter, message by message.
      expect(vanished).toEqual([])
      expect(nextSeq - 1).toBe(seen.readings)
      // A mutator that spoilt nothing, or everything, would prove nothing.
      expect(seen.readings).toBeGreaterThan(sent / 20)
      expect(seen.deadLetters).toBeGreaterThan(sent / 5)
    } finally {
      reader.close()
      await pipeline.stop()
      removeFolder(folder)
    }
  },
)
