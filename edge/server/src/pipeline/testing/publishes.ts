import type { Inbound } from '../../ports.ts'

export const publishesCount = 3_000

/** What one device with a session sends: each with its own id and value, the first time or again. */
export const publishes = (dup: boolean): readonly Inbound[] =>
  Array.from({ length: publishesCount }, (_, index) => ({
    topic: 'sensor/LINE-A/temperature',
    payload: Buffer.from(String(index)),
    source: 'press',
    qos: 1,
    delivery: { session: 'plc-1', messageId: index + 1, dup },
  }))
