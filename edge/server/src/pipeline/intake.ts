import { parseSensorTopic } from '@jidoka/contract'
import { valueKindOf } from '@jidoka/domain'
import type { Quality, TagPlace, Value } from '@jidoka/domain'
import type { SegmentBuilder } from '@jidoka/sync-protocol'
import type { Judge } from '../judge/judge.ts'
import type { Tag } from '../judge/plant.ts'
import { isNewer } from '../store/last-values.ts'
import type { CommitDraft } from './commit-draft.ts'
import type { Deliveries } from './deliveries.ts'
import { FastPayloadReader, qualityOfCode } from './fast-payload.ts'
import type { FlightMessage } from './flight.ts'
import { ingestLimits } from './limits.ts'
import { parsePayload } from './payload.ts'
import type { Refusal, Sample } from './payload.ts'
import { definitionOf } from './tag-registry.ts'
import type { TagRegistry } from './tag-registry.ts'
import { timeTooFar } from './time-too-far.ts'

export interface IntakeOptions {
  readonly tenantId: string
  readonly tags: TagRegistry
  readonly judge: Judge
  readonly deliveries: Deliveries
}

/** A segment that is being filled. `encode` is due when the builder is full and at the end of the batch. */
export interface SegmentInProgress {
  readonly builder: SegmentBuilder
  /** Sequence number of the builder's first reading. */
  firstSeq: number
  fromMs: number
  toMs: number
  /** The builder is full: writes it away and begins the next. */
  flush(): void
}

const textDecoder = new TextDecoder()
const textEncoder = new TextEncoder()

/** What is remembered of a topic by its number: its tag, and the tag's unit as bytes to compare with. */
interface TopicEntry {
  readonly topic: string
  tag: Tag | null
  unit: string
  unitBytes: Uint8Array
}

/**
 * Takes messages apart, holds them against their tags and puts them into the segment and before the judge. What cannot be
 * a reading becomes a dead letter with its reason.
 */
export class Intake {
  readonly #tenantId: string
  readonly #tenantBytes: Uint8Array
  readonly #tags: TagRegistry
  readonly #judge: Judge
  readonly #deliveries: Deliveries
  readonly #fast = new FastPayloadReader()
  #topics: (TopicEntry | undefined)[] = []

  constructor(options: IntakeOptions) {
    this.#tenantId = options.tenantId
    this.#tenantBytes = textEncoder.encode(options.tenantId)
    this.#tags = options.tags
    this.#judge = options.judge
    this.#deliveries = options.deliveries
  }

  /** Tags were loaded anew or the catalogue changed: what is remembered of topics may be wrong. */
  forgetTopics(): void {
    this.#topics = []
  }

  message(message: FlightMessage, segment: SegmentInProgress, draft: CommitDraft): void {
    if (message.session !== null && this.#deliveries.isRepeat(message)) {
      draft.repeats++
      return
    }
    if (!this.#quickly(message, segment, draft)) this.#carefully(message, segment, draft)
  }

  /** Numbers of a known tag. False leaves the message as it was: nothing of it was kept. */
  #quickly(message: FlightMessage, segment: SegmentInProgress, draft: CommitDraft): boolean {
    const entry = this.#topics[message.topicNo]
    if (entry === undefined || entry.tag === null) return false
    const fast = this.#fast
    if (!fast.read(message.bytes, message.from, message.to) || !this.#isPlain(entry, fast, message.bytes)) return false
    const { nowMs } = draft
    const { count, timesMs } = fast
    const latestMs = nowMs + ingestLimits.futureMsMax
    for (let index = 0; index < count; index++) {
      const timeMs = timesMs[index] as number
      if (timeMs < ingestLimits.timeMsMin || timeMs > latestMs) return false
    }
    for (let index = 0; index < count; index++) {
      const timeMs = timesMs[index] as number
      const quality = qualityOfCode[fast.qualities[index] as number] as Quality
      this.#keep(
        entry.tag,
        Number.isNaN(timeMs) ? nowMs : timeMs,
        fast.values[index] as number,
        quality,
        message.qos,
        segment,
        draft,
      )
    }
    return true
  }

  /** A number of a known tag of kind number, with the tag's unit or none, of this tenant or none. */
  #isPlain(entry: TopicEntry, fast: FastPayloadReader, bytes: Uint8Array): boolean {
    const tag = entry.tag as Tag
    if (tag.kind !== 'number') return false
    if (fast.tenantTo > 0 && !areEqual(bytes, fast.tenantFrom, fast.tenantTo, this.#tenantBytes)) return false
    if (fast.unitTo === 0) return true
    if (entry.unit !== tag.unit) {
      entry.unit = tag.unit
      entry.unitBytes = textEncoder.encode(tag.unit)
    }
    return areEqual(bytes, fast.unitFrom, fast.unitTo, entry.unitBytes)
  }

  /** What is good of it is kept; what is not becomes one dead letter, which names the first of it. */
  #carefully(message: FlightMessage, segment: SegmentInProgress, draft: CommitDraft): void {
    const { topic } = message
    const place = parseSensorTopic(topic)
    if (place === null) {
      const detail =
        'a reading comes on sensor/{line}/{sensor} or sensor/{line}/{equipment}/{sensor}; each of them is 1 to 48 letters, digits, ".", "_" or "-", without spaces, and starts with a letter or digit'
      return this.#refuse({ reason: 'bad_topic', detail }, message, draft)
    }
    const payload = parsePayload(message.bytes.subarray(message.from, message.to))
    if ('reason' in payload) return this.#refuse(payload, message, draft)
    const { samples, isArray } = payload
    let first: Refusal | null = null
    let firstAt = 0
    let refused = 0
    for (const [index, sample] of samples.entries()) {
      const refusal = 'reason' in sample ? sample : this.#sample(sample, place, message, segment, draft)
      if (refusal === null) continue
      if (first === null) firstAt = index
      first ??= refusal
      refused++
    }
    if (first === null) return
    const others = refused === samples.length ? 'none is stored' : `${samples.length - refused} are stored`
    const detail = isArray
      ? `sample ${firstAt + 1} of ${samples.length}: ${first.detail.slice(0, 400)} (${refused} refused, ${others})`
      : first.detail
    this.#refuse({ reason: first.reason, detail }, message, draft)
  }

  #refuse({ reason, detail }: Refusal, message: FlightMessage, draft: CommitDraft): void {
    const to = Math.min(message.to, message.from + ingestLimits.sampleLengthMax * 4)
    draft.deadLetter({
      atMs: draft.nowMs,
      source: message.source,
      topic: message.topic.slice(0, 300),
      reason,
      detail: detail.slice(0, 500),
      sample: textDecoder.decode(message.bytes.subarray(message.from, to)).slice(0, ingestLimits.sampleLengthMax),
    })
  }

  /** Keeps a sample, or says why not. */
  #sample(
    sample: Sample,
    place: TagPlace,
    message: FlightMessage,
    segment: SegmentInProgress,
    draft: CommitDraft,
  ): Refusal | null {
    const { topic, topicNo, qos } = message
    if (sample.tenantId !== null && sample.tenantId !== this.#tenantId)
      return { reason: 'wrong_tenant', detail: `the tenant "${sample.tenantId}" is not this appliance's` }
    const timeMs = sample.timeMs ?? draft.nowMs
    if (timeMs < ingestLimits.timeMsMin || timeMs > draft.nowMs + ingestLimits.futureMsMax)
      return { reason: 'time_too_far', detail: timeTooFar(timeMs, draft.nowMs, 'the timestamp', 'the device') }

    const key = topic.slice('sensor/'.length)
    const kind = valueKindOf(sample.value)
    let tag = this.#tags.tag(key)
    const expected = tag ?? this.#tags.expected(key)
    if (expected !== undefined && expected.kind !== kind)
      return { reason: 'kind_mismatch', detail: `the value is a ${kind}, and "${key}" is a ${expected.kind}` }
    if (expected !== undefined && sample.unit !== null && expected.unit !== '' && sample.unit !== expected.unit)
      return { reason: 'unit_mismatch', detail: `the unit is "${sample.unit}", and "${key}" is in "${expected.unit}"` }
    if (tag === undefined) {
      const detail = this.#tags.whyNotAdmitted(key, place)
      if (detail !== null) return { reason: 'too_many_tags', detail }
      tag = this.#tags.add(place, kind, expected?.unit || sample.unit || '')
      draft.tagDefined(definitionOf(tag))
    } else if (tag.unit === '' && sample.unit !== null && sample.unit !== '') {
      // The first readings came without a unit; now the tag has one.
      tag.unit = sample.unit
      draft.tagDefined(definitionOf(tag))
    }
    if (topicNo !== 0) this.#topics[topicNo] ??= { topic, tag, unit: tag.unit, unitBytes: textEncoder.encode(tag.unit) }
    this.#keep(tag, timeMs, sample.value, sample.quality, qos, segment, draft)
    return null
  }

  #keep(
    tag: Tag,
    timeMs: number,
    value: Value,
    quality: Quality,
    qos: 0 | 1 | 2,
    segment: SegmentInProgress,
    draft: CommitDraft,
  ): void {
    const { builder } = segment
    if (builder.full) segment.flush()
    const seq = segment.firstSeq + builder.count
    builder.push(tag.tagNo, timeMs, value, quality)
    if (timeMs < segment.fromMs) segment.fromMs = timeMs
    if (timeMs > segment.toMs) segment.toMs = timeMs
    draft.readings++
    if (qos === 0) draft.readingsQos0++
    const reading = { timeMs, receivedMs: draft.nowMs, value, quality }
    const newer = isNewer(reading, tag.last)
    if (newer) {
      tag.last = reading
      tag.lastIsDirty = true
      draft.changedTags.add(tag)
    }
    this.#judge.noteReading(tag, reading, seq, !newer, draft)
  }
}

function areEqual(bytes: Uint8Array, from: number, to: number, expected: Uint8Array): boolean {
  if (to - from !== expected.length) return false
  for (let index = 0; index < expected.length; index++) if (bytes[from + index] !== expected[index]) return false
  return true
}
