import { verdictTopic } from '@jidoka/contract'
import type { Row } from '../judge/row-buffer.ts'
import type { Slot } from '../judge/rule-instance.ts'
import type { VerdictWatcher } from '../judge/sink.ts'
import type { VerdictPackets } from '../ports.ts'

export const verdictPacketLimits = {
  /** Bytes of one block: larger ones would make the main thread's memory jump, and hold its sockets up while they are sent. What does not fit goes into the next block. */
  blockBytesMax: 8 * 1024 * 1024,
  /** A quiet line's commits have a verdict or two. */
  blockBytesMin: 4 * 1024,
  /** Pairs of status and confidence that are kept as bytes. A rule that computes its confidence makes them up without end. */
  verdictsKeptMax: 1_000,
} as const

const publishQos0 = 0x30
const encoder = new TextEncoder()
const nullText = encoder.encode('null')

/** What all packets of a slot begin with behind their fixed header: topic and subject. */
interface Opening {
  readonly topic: string
  readonly bytes: Uint8Array
}

/**
 * Encodes every verdict as an MQTT 3.1.1 PUBLISH of QoS 0, byte by byte into one buffer that crosses to the main thread
 * as it is: an object a verdict would cost more than the judging.
 */
export class VerdictPacketWriter implements VerdictWatcher {
  #full: VerdictPackets[] = []
  #bytes: Uint8Array<ArrayBuffer>
  #length = 0
  #stretches: { topic: string; end: number }[] = []
  #lastBytes: number = verdictPacketLimits.blockBytesMin

  readonly #openings = new WeakMap<Slot, Opening>()
  readonly #verdicts = new Map<string, Uint8Array>()
  #status = ''
  #confidence = Number.NaN
  /** `STATUS","confidence":0.8,"reading_seq":` of the two above. */
  #verdict: Uint8Array = new Uint8Array(0)
  #nowMs = Number.NaN
  /** `,"judged_at_ms":1765400000000}` of the one above. */
  #closing: Uint8Array = new Uint8Array(0)

  constructor() {
    this.#bytes = newBlock(this.#lastBytes)
  }

  verdict(slot: Slot, { readingSeq }: Row, status: string, confidence: number, _: string | null, nowMs: number): void {
    const opening = this.#openings.get(slot) ?? this.#open(slot)
    if (status !== this.#status || confidence !== this.#confidence) this.#turnTo(status, confidence)
    if (nowMs !== this.#nowMs) {
      this.#nowMs = nowMs
      this.#closing = encoder.encode(`,"judged_at_ms":${nowMs}}`)
    }
    const digits = readingSeq === null ? nullText.length : digitsOf(readingSeq)
    const remaining = opening.bytes.length + this.#verdict.length + digits + this.#closing.length
    this.#makeRoom(remaining + 5)
    const bytes = this.#bytes
    let at = this.#length
    bytes[at++] = publishQos0
    let rest = remaining
    while (rest > 127) {
      bytes[at++] = (rest & 127) | 128
      rest >>>= 7
    }
    bytes[at++] = rest
    bytes.set(opening.bytes, at)
    at += opening.bytes.length
    bytes.set(this.#verdict, at)
    at += this.#verdict.length
    if (readingSeq === null) bytes.set(nullText, at)
    else writeDigits(bytes, at + digits, readingSeq)
    at += digits
    bytes.set(this.#closing, at)
    this.#length = at + this.#closing.length
    const last = this.#stretches.at(-1)
    if (last?.topic === opening.topic) last.end = this.#length
    else this.#stretches.push({ topic: opening.topic, end: this.#length })
  }

  /** The packets since the last call, in order; blocks that can be transferred. */
  take(): readonly VerdictPackets[] {
    this.#closeBlock()
    const blocks = this.#full
    this.#full = []
    return blocks
  }

  #open(slot: Slot): Opening {
    const topic = verdictTopic(slot.line, slot.rule.definition.id)
    const name = encoder.encode(topic)
    const text = encoder.encode(`{"subject":${JSON.stringify(slot.subject)},"status":"`)
    const bytes = new Uint8Array(2 + name.length + text.length)
    bytes[0] = name.length >>> 8
    bytes[1] = name.length & 255
    bytes.set(name, 2)
    bytes.set(text, 2 + name.length)
    const opening = { topic, bytes }
    this.#openings.set(slot, opening)
    return opening
  }

  /** A status needs no escapes: it has capital letters, digits and "_". */
  #turnTo(status: string, confidence: number): void {
    const text = `${status}","confidence":${confidence},"reading_seq":`
    let bytes = this.#verdicts.get(text)
    if (bytes === undefined) {
      bytes = encoder.encode(text)
      if (this.#verdicts.size < verdictPacketLimits.verdictsKeptMax) this.#verdicts.set(text, bytes)
    }
    this.#status = status
    this.#confidence = confidence
    this.#verdict = bytes
  }

  #makeRoom(count: number): void {
    const needed = this.#length + count
    if (needed <= this.#bytes.length) return
    if (needed > verdictPacketLimits.blockBytesMax) {
      this.#closeBlock()
      return
    }
    const larger = newBlock(Math.min(verdictPacketLimits.blockBytesMax, Math.max(needed, this.#bytes.length * 2)))
    larger.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = larger
  }

  #closeBlock(): void {
    if (this.#length === 0) return
    this.#full.push({ bytes: this.#bytes.subarray(0, this.#length), stretches: this.#stretches })
    // The next commit is likely to be about as large.
    this.#lastBytes = Math.max(verdictPacketLimits.blockBytesMin, this.#length)
    this.#bytes = newBlock(this.#lastBytes)
    this.#length = 0
    this.#stretches = []
  }
}

/** Of its own and not from a pool: it is given away whole. */
const newBlock = (bytes: number): Uint8Array<ArrayBuffer> => new Uint8Array(new ArrayBuffer(bytes))

function digitsOf(number: number): number {
  let digits = 1
  for (let power = 10; power <= number; power *= 10) digits++
  return digits
}

/** Decimal digits of a whole number >= 0, the last one before `end`. */
function writeDigits(bytes: Uint8Array, end: number, number: number): void {
  let [rest, at] = [number, end]
  do {
    const next = Math.floor(rest / 10)
    bytes[--at] = 48 + (rest - next * 10)
    rest = next
  } while (rest > 0)
}
