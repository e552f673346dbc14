import type { RedisLink } from '../redis/link.ts'
import type { Carried, Carrier } from './carrier.ts'
import type { Channel, CloudEvent } from './channels.ts'
import { channelNames, consumersOf } from './channels.ts'
import { eventLimits } from './limits.ts'
import type { StoredEvent } from './outbox-repository.ts'

/** The stream from which durable consumers of a channel read. */
export const streamOf = (channel: Channel): string => `jidoka:events:${channel}`

/** The one member of an entry. */
export const entryField = 'event'

/** A message as it stands on a channel and in a stream. */
export function messageOf({ id, tenant_id, channel, subject, payload, trace, at }: CloudEvent): string {
  return JSON.stringify({ id, tenant_id, channel, subject, payload, trace, at })
}

/** With Redis: each event is published on the channel of its name, for whoever listens, and laid into a stream where a durable consumer waits for it. */
export class RedisCarrier implements Carrier {
  readonly name = 'redis'
  readonly channels = channelNames
  readonly #link: RedisLink

  constructor(link: RedisLink) {
    this.#link = link
  }

  get isUp(): boolean {
    return this.#link.isUp
  }

  onUp(heard: () => void): void {
    this.#link.onUp(heard)
  }

  async carry(events: readonly StoredEvent[]): Promise<Carried> {
    const pipeline = this.#link.commands.pipeline()
    for (const event of events) {
      const message = messageOf(event)
      // The stream first: what fails after it is handed on once more, and consumers know it by its id.
      if (consumersOf(event.channel).length > 0)
        pipeline.xadd(streamOf(event.channel), 'MAXLEN', '~', eventLimits.streamLengthMax, '*', entryField, message)
      pipeline.publish(event.channel, message)
    }
    for (const [error] of (await pipeline.exec()) ?? []) if (error !== null) throw error
    return { done: events, failed: [] }
  }
}
