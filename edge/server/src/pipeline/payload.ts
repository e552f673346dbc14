import { qualities, textValueLengthMax } from '@jidoka/domain'
import type { Quality, Value } from '@jidoka/domain'
import type { DeadLetterReason } from '../ports.ts'
import { ingestLimits } from './limits.ts'

/** What a payload says, before it is held against its tag. Absent members are null. */
export interface Payload {
  value: Value
  unit: string | null
  /** Milliseconds since 1970 UTC, whole. */
  timeMs: number | null
  quality: Quality
  tenantId: string | null
}

export type PayloadOutcome =
  | { readonly payload: Payload }
  | { readonly reason: DeadLetterReason; readonly detail: string }

const decoder = new TextDecoder('utf-8', { fatal: true })

/**
 * Reads a payload of any bytes: the reference JSON `{ tenant_id, value, unit, timestamp, quality }`, of which only
 * `value` is needed. Never throws. Unknown members are passed over: devices of other makers add their own.
 */
export function parsePayload(bytes: Uint8Array): PayloadOutcome {
  if (bytes.length > ingestLimits.payloadBytesMax) {
    return refuse(
      'too_large',
      `the payload has ${bytes.length} bytes and at most ${ingestLimits.payloadBytesMax} are read`,
    )
  }
  let json: unknown
  try {
    json = JSON.parse(decoder.decode(bytes))
  } catch (error) {
    return refuse('not_json', error instanceof Error ? error.message : 'the payload is not JSON')
  }
  if (json === null || typeof json !== 'object' || Array.isArray(json))
    return refuse('wrong_type', 'the payload must be an object with a member "value"')
  const members = json as Record<string, unknown>
  const value = checkValue(members['value'])
  if (typeof value === 'object') return value
  const { unit, tenant_id: tenantId, quality, timestamp } = members
  if (unit !== undefined && (typeof unit !== 'string' || unit.length > 16 || !isKeepable(unit)))
    return refuse('wrong_type', '"unit" must be a text of at most 16 characters')
  if (tenantId !== undefined && (typeof tenantId !== 'string' || tenantId.length > 63))
    return refuse('wrong_type', '"tenant_id" must be a text of at most 63 characters')
  if (quality !== undefined && !isQuality(quality))
    return refuse('wrong_type', '"quality" must be "good", "uncertain" or "bad"')
  const timeMs = timestamp === undefined ? null : parseTimestamp(timestamp)
  if (timeMs !== null && Number.isNaN(timeMs)) {
    return refuse('wrong_type', '"timestamp" must be ISO 8601 with a zone, or seconds or milliseconds since 1970')
  }
  return { payload: { value, unit: unit ?? null, timeMs, quality: quality ?? 'good', tenantId: tenantId ?? null } }
}

function checkValue(value: unknown): Value | { readonly reason: DeadLetterReason; readonly detail: string } {
  switch (typeof value) {
    case 'number':
      if (!Number.isFinite(value)) return refuse('not_finite', 'the value is larger than a number can be')
      if (Math.abs(value) > ingestLimits.magnitudeMax)
        return refuse('not_finite', `the value ${value} is beyond ±${ingestLimits.magnitudeMax}`)
      return value
    case 'boolean':
      return value
    case 'string':
      if (value.length > textValueLengthMax)
        return refuse(
          'too_large',
          `the value has ${value.length} characters and at most ${textValueLengthMax} are kept`,
        )
      // PostgreSQL keeps no NUL in a text: a reading with one would hold up the whole lane.
      return isKeepable(value) ? value : refuse('wrong_type', 'the value is not well-formed text, or has a NUL in it')
    case 'undefined':
      return refuse('wrong_type', 'the payload has no member "value"')
    default:
      return refuse('wrong_type', '"value" must be a number, a boolean or a text')
  }
}

const isKeepable = (text: string) => text.isWellFormed() && !text.includes('\0')

const isQuality = (value: unknown): value is Quality => (qualities as readonly unknown[]).includes(value)

/** Below it a number is seconds: 1e11 seconds are the year 5138, 1e11 milliseconds are 1973. */
const secondsBelow = 1e11

const isoWithZone = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})$/

/** Whole milliseconds since 1970 UTC, or NaN. A text without a zone is refused: it would mean another instant on another machine. */
export function parseTimestamp(timestamp: unknown): number {
  if (typeof timestamp === 'number')
    return Number.isFinite(timestamp)
      ? Math.round(timestamp < secondsBelow ? timestamp * 1_000 : timestamp)
      : Number.NaN
  if (typeof timestamp !== 'string' || timestamp.length > 40 || !isoWithZone.test(timestamp)) return Number.NaN
  return Date.parse(timestamp.replace(',', '.').replace(/([+-]\d{2})(\d{2})$/, '$1:$2'))
}

const refuse = (reason: DeadLetterReason, detail: string) => ({ reason, detail })
