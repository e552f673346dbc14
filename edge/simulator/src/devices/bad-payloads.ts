import type { Message } from './device.ts'

/** A payload that no edge may accept or stumble over. */
export interface BadMessage extends Message {
  /** Some make a strict broker hang up; sent again and again they would keep the device away, so they go with QoS 0. */
  readonly mayHangUp: boolean
}

/** Larger than the 64 KiB that a packet of a sensor may have. */
const hugeBytes = 80 * 1_024

/**
 * Every way to be wrong that the field has shown, for a tag of the device that sends it. Sent in turn; those at which
 * a broker may hang up stand apart, so that the device is back before the next of them.
 */
export function badMessages(tag: string, unit: string, nowMs: number): readonly BadMessage[] {
  const topic = `sensor/${tag}`
  const say = (payload: string | object, differs: Partial<BadMessage> = {}): BadMessage => ({
    topic,
    payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
    mayHangUp: false,
    ...differs,
  })
  return [
    say('{"value": 12.5, "unit": '),
    say(''),
    say('{"value": NaN}'),
    say('{"value": 1e999}'),
    say('{"value": 1e300}'),
    say({ value: 12.5, unit }, { topic: `sensor/${tag}/too/deep`, mayHangUp: true }),
    say({ value: { nested: true }, unit }),
    say({ value: null, unit }),
    say({ value: 'forty-two', unit }),
    say({ value: 12.5, unit: 'furlong' }),
    say('x'.repeat(hugeBytes), { mayHangUp: true }),
    say({ value: 12.5, unit, timestamp: new Date(nowMs + 30 * 86_400_000).toISOString() }),
    say({ value: 12.5, unit, timestamp: '1970-01-01T00:00:00Z' }),
    say({ value: 12.5, unit, timestamp: 'yesterday' }),
    say({ tenant_id: 'somebody-else', value: 12.5, unit }),
    say(`{"value": ${'['.repeat(2_000)}`),
    say({ value: 12.5, unit }, { topic: 'factory/unknown', mayHangUp: true }),
    say({ value: 'x'.repeat(2_000) }),
  ]
}
