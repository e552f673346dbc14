import { qualities, textValueLengthMax } from '@jidoka/domain'
import type { Quality, Value } from '@jidoka/domain'
import type { DeadLetterReason } from '../ports.ts'
import { ingestLimits } from './limits.ts'

/** One reading of a payload, before it is held against its tag. Absent members are null. */
export interface Sample {
  readonly value: Value
  readonly unit: string | null
  /** Milliseconds since 1970 UTC, whole. */
  readonly timeMs: number | null
  readonly quality: Quality
  readonly tenantId: string | null
}

export interface Refusal {
  readonly reason: DeadLetterReason
  readonly detail: string
}

export interface Payload {
  /** In the order of the payload; a refusal stands where a sample is none. */
  readonly samples: readonly (Sample | Refusal)[]
  /** An array of samples, however many: what is said of one of them then names its place. */
  readonly isArray: boolean
}

/** Members that hold for all samples of a payload that do not say otherwise. */
type Shared = Omit<Sample, 'value'>
const nothingShared: Shared = { unit: null, timeMs: null, quality: 'good', tenantId: null }

const decoder = new TextDecoder('utf-8', { fatal: true })

/**
 * Reads a payload of any bytes, in one of these forms; never throws.
 * - the reference JSON `{ tenant_id, value, unit, timestamp, quality }`, of which only `value` is needed;
 * - a plain value: `20.5`, `true`, `"RUN"`;
 * - `[sample, ...]`, and `{ "samples": [sample, ...] }` with `tenant_id`, `unit`, `timestamp` and `quality` for all of them.
 *   A sample is a plain value, an object as above, or `[timestamp, value]`.
 * Unknown members are passed over: devices of other makers add their own.
 */
export function parsePayload(bytes: Uint8Array): Payload | Refusal {
  if (bytes.length > ingestLimits.payloadBytesMax) return tooLong(bytes.length, ingestLimits.payloadBytesMax)
  let json: unknown
  try {
    json = JSON.parse(decoder.decode(bytes))
  } catch (error) {
    return refuse('not_json', error instanceof Error ? error.message : 'the payload is not JSON')
  }
  if (Array.isArray(json)) return manySamples(json, nothingShared)
  if (isObject(json) && Object.hasOwn(json, 'samples')) {
    const { samples } = json
    if (Object.hasOwn(json, 'value'))
      return refuse('wrong_type', 'the payload has both "value" and "samples"; send one of them')
    if (!Array.isArray(samples)) return refuse('wrong_type', '"samples" must be an array')
    const shared = readMembers(json, nothingShared)
    return 'reason' in shared ? shared : manySamples(samples, shared)
  }
  if (bytes.length > ingestLimits.onePayloadBytesMax) return tooLong(bytes.length, ingestLimits.onePayloadBytesMax)
  const sample = isObject(json) ? objectSample(json, nothingShared) : plainSample(json, nothingShared)
  return 'reason' in sample ? sample : { samples: [sample], isArray: false }
}

function manySamples(samples: readonly unknown[], shared: Shared): Payload | Refusal {
  if (samples.length === 0) return refuse('wrong_type', 'the array holds no sample')
  if (samples.length > ingestLimits.samplesMax) {
    return refuse(
      'too_large',
      `the payload has ${samples.length} samples and at most ${ingestLimits.samplesMax} are read; send it in parts`,
    )
  }
  return {
    isArray: true,
    samples: samples.map((sample) =>
      Array.isArray(sample)
        ? pairSample(sample, shared)
        : isObject(sample)
          ? objectSample(sample, shared)
          : plainSample(sample, shared),
    ),
  }
}

function plainSample(value: unknown, shared: Shared): Sample | Refusal {
  const checked = checkValue(value)
  return typeof checked === 'object' ? checked : { value: checked, ...shared }
}

function pairSample(pair: readonly unknown[], shared: Shared): Sample | Refusal {
  if (pair.length !== 2) return refuse('wrong_type', 'a sample that is an array must be [timestamp, value]')
  const timeMs = readTimestamp(pair[0])
  return typeof timeMs === 'object' ? timeMs : plainSample(pair[1], { ...shared, timeMs })
}

function objectSample(members: Record<string, unknown>, shared: Shared): Sample | Refusal {
  if (!Object.hasOwn(members, 'value')) return refuse('wrong_type', 'there is no member "value"')
  const value = checkValue(members['value'])
  if (typeof value === 'object') return value
  const read = readMembers(members, shared)
  return 'reason' in read ? read : { value, ...read }
}

function readMembers(members: Record<string, unknown>, shared: Shared): Shared | Refusal {
  const { unit, tenant_id: tenantId, quality, timestamp } = members
  if (unit !== undefined && (typeof unit !== 'string' || unit.length > 16 || !isKeepable(unit)))
    return refuse('wrong_type', '"unit" must be a text of at most 16 characters')
  if (tenantId !== undefined && (typeof tenantId !== 'string' || tenantId.length > 63))
    return refuse('wrong_type', '"tenant_id" must be a text of at most 63 characters')
  if (quality !== undefined && !isQuality(quality))
    return refuse('wrong_type', '"quality" must be "good", "uncertain" or "bad"')
  const timeMs = timestamp === undefined ? shared.timeMs : readTimestamp(timestamp)
  if (timeMs !== null && typeof timeMs === 'object') return timeMs
  return {
    unit: unit ?? shared.unit,
    timeMs,
    quality: quality ?? shared.quality,
    tenantId: tenantId ?? shared.tenantId,
  }
}

function checkValue(value: unknown): Value | Refusal {
  switch (typeof value) {
    case 'number':
      if (!Number.isFinite(value)) return refuse('not_finite', 'the value is larger than a number can be')
      if (Math.abs(value) > ingestLimits.magnitudeMax)
        return refuse(
          'too_large',
          `the value ${value} is beyond ±${ingestLimits.magnitudeMax}, the largest number that is kept: send it in a larger unit, or as a text`,
        )
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
    default:
      return refuse('wrong_type', 'the value must be a number, a boolean or a text')
  }
}

const isObject = (json: unknown): json is Record<string, unknown> =>
  json !== null && typeof json === 'object' && !Array.isArray(json)

const isKeepable = (text: string) => text.isWellFormed() && !text.includes('\0')

const isQuality = (value: unknown): value is Quality => (qualities as readonly unknown[]).includes(value)

/** Below it a number is seconds: 1e11 seconds are the year 5138, 1e11 milliseconds are 1973. */
const secondsBelow = 1e11

const isoWithZone = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})$/

function readTimestamp(timestamp: unknown): number | Refusal {
  const timeMs = parseTimestamp(timestamp)
  return Number.isNaN(timeMs)
    ? refuse('wrong_type', '"timestamp" must be ISO 8601 with a zone, or seconds or milliseconds since 1970')
    : timeMs
}

/** Whole milliseconds since 1970 UTC, or NaN. A text without a zone is refused: it would mean another instant on another machine. */
export function parseTimestamp(timestamp: unknown): number {
  if (typeof timestamp === 'number')
    return Number.isFinite(timestamp)
      ? Math.round(timestamp < secondsBelow ? timestamp * 1_000 : timestamp)
      : Number.NaN
  if (typeof timestamp !== 'string' || timestamp.length > 40 || !isoWithZone.test(timestamp)) return Number.NaN
  return Date.parse(timestamp.replace(',', '.').replace(/([+-]\d{2})(\d{2})$/, '$1:$2'))
}

const tooLong = (bytes: number, bytesMax: number) =>
  refuse('too_large', `the payload has ${bytes} bytes and at most ${bytesMax} are read`)

const refuse = (reason: DeadLetterReason, detail: string): Refusal => ({ reason, detail })
