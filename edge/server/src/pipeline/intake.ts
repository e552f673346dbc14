import { parseSensorTopic } from '@jidoka/contract'
import { valueKindOf } from '@jidoka/domain'
import type { Quality, Value } from '@jidoka/domain'
import type { SegmentBuilder } from '@jidoka/sync-protocol'
import type { Judge } from '../judge/judge.ts'
import type { Tag } from '../judge/plant.ts'
import type { DeadLetterReason } from '../ports.ts'
import { isNewer } from '../store/last-values.ts'
import type { CommitDraft } from './commit-draft.ts'
import { FastPayloadReader } from './fast-payload.ts'
import { ingestLimits } from './limits.ts'
import { parsePayload } from './payload.ts'
import { definitionOf } from './tag-registry.ts'
import type { TagRegistry } from './tag-registry.ts'
import { timeTooFar } from './time-too-far.ts'

export interface IntakeOptions {
  readonly tenantId: string
  readonly tags: TagRegistry
  readonly judge: Judge
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
  readonly #fast = new FastPayloadReader()
  #topics: (TopicEntry | undefined)[] = []

  constructor(options: IntakeOptions) {
    this.#tenantId = options.tenantId
    this.#tenantBytes = textEncoder.encode(options.tenantId)
    this.#tags = options.tags
    this.#judge = options.judge
  }

  /** Tags were loaded anew or the catalogue changed: what is remembered of topics may be wrong. */
  forgetTopics(): void {
    this.#topics = []
  }

  message(
    topicNo: number,
    topic: string,
    source: string,
    qos: 0 | 1 | 2,
    bytes: Uint8Array,
    from: number,
    to: number,
    segment: SegmentInProgress,
    draft: CommitDraft,
  ): void {
    const entry = this.#topics[topicNo]
    const fast = this.#fast
    if (topicNo !== 0 && entry?.tag != null && fast.read(bytes, from, to) && this.#isPlain(entry, fast, bytes)) {
      const timeMs = Number.isNaN(fast.timeMs) ? draft.nowMs : fast.timeMs
      if (timeMs >= ingestLimits.timeMsMin && timeMs <= draft.nowMs + ingestLimits.futureMsMax) {
        this.#keep(entry.tag, timeMs, fast.value, fast.quality, qos, segment, draft)
        return
      }
    }
    this.#carefully(topicNo, topic, source, qos, bytes.subarray(from, to), segment, draft)
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

  #carefully(
    topicNo: number,
    topic: string,
    source: string,
    qos: 0 | 1 | 2,
    payloadBytes: Uint8Array,
    segment: SegmentInProgress,
    draft: CommitDraft,
  ): void {
    const refuse = (reason: DeadLetterReason, detail: string) =>
      draft.deadLetter({
        atMs: draft.nowMs,
        source,
        topic: topic.slice(0, 300),
        reason,
        detail: detail.slice(0, 500),
        sample: textDecoder
          .decode(payloadBytes.subarray(0, ingestLimits.sampleLengthMax * 4))
          .slice(0, ingestLimits.sampleLengthMax),
      })
    const place = parseSensorTopic(topic)
    if (place === null)
      return refuse('bad_topic', 'a reading comes on sensor/{line}/{sensor} or sensor/{line}/{equipment}/{sensor}')
    const outcome = parsePayload(payloadBytes)
    if ('reason' in outcome) return refuse(outcome.reason, outcome.detail)
    const { payload } = outcome
    if (payload.tenantId !== null && payload.tenantId !== this.#tenantId)
      return refuse('wrong_tenant', `the tenant "${payload.tenantId}" is not this appliance's`)
    const timeMs = payload.timeMs ?? draft.nowMs
    if (timeMs < ingestLimits.timeMsMin || timeMs > draft.nowMs + ingestLimits.futureMsMax)
      return refuse('time_too_far', timeTooFar(timeMs, draft.nowMs, 'the timestamp', 'the device'))

    const key = topic.slice('sensor/'.length)
    const kind = valueKindOf(payload.value)
    let tag = this.#tags.tag(key)
    const expected = tag ?? this.#tags.expected(key)
    if (expected !== undefined && expected.kind !== kind)
      return refuse('kind_mismatch', `the value is a ${kind}, and "${key}" is a ${expected.kind}`)
    if (expected !== undefined && payload.unit !== null && expected.unit !== '' && payload.unit !== expected.unit) {
      return refuse('unit_mismatch', `the unit is "${payload.unit}", and "${key}" is in "${expected.unit}"`)
    }
    if (tag === undefined) {
      if (this.#tags.isFull) return refuse('too_many_tags', `there are ${ingestLimits.tagsMax} tags already`)
      tag = this.#tags.add(place, kind, expected?.unit || payload.unit || '')
      draft.tagDefined(definitionOf(tag))
    } else if (tag.unit === '' && payload.unit !== null && payload.unit !== '') {
      // The first readings came without a unit; now the tag has one.
      tag.unit = payload.unit
      draft.tagDefined(definitionOf(tag))
    }
    if (topicNo !== 0) this.#topics[topicNo] ??= { topic, tag, unit: tag.unit, unitBytes: textEncoder.encode(tag.unit) }
    this.#keep(tag, timeMs, payload.value, payload.quality, qos, segment, draft)
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
    this.#judge.noteReading(tag, reading, seq, !newer, draft.nowMs)
  }
}

function areEqual(bytes: Uint8Array, from: number, to: number, expected: Uint8Array): boolean {
  if (to - from !== expected.length) return false
  for (let index = 0; index < expected.length; index++) if (bytes[from + index] !== expected[index]) return false
  return true
}
