import { recordSchema } from '@jidoka/domain'
import type { RuleDefinition } from '@jidoka/domain'
import { openReader } from '../../server/src/pipeline/index.ts'
import { usual } from '../publisher/kinds.ts'
import type { PublisherKind } from '../publisher/kinds.ts'
import type { Publisher } from '../publisher/publisher.ts'
import { rules } from '../subject/rules.ts'
import { pause } from '../until.ts'
import type { CloudStore } from './cloud-store.ts'
import type { Line } from './line.ts'
import { World } from './world.ts'

/** Readings behind the cut line: seconds of draining, in which hundreds of records are made. */
const backlogReadings = 1_000_000
/** Messages a second of each publisher. */
const rateMax = 400

/** Arrays that no rule looks at, so that only readings wait behind the cut line. */
const bulk: PublisherKind = { ...usual, name: 'BULK', value: 'text', samples: 250, window: 100, withTime: false }
const urgent: PublisherKind = { ...usual, name: 'URGENT', withTime: false }

/** Every tenth reading is high: four records, of its judgment, its alarm and the end of both. */
const step = 10
const urgentRules: readonly RuleDefinition[] = rules
  .filter(({ id }) => id === 'now-and-then')
  .map((rule) => ({ ...rule, parameters: { step: { value: step, name: rule.name } } }))

/** A backlog that does not go, or cannot be made, within this is stuck. */
const waitMsMax = 120_000
const lookEveryMs = 3

export interface UrgentDelay {
  /** From the edge's commit of a record until its receipt is stored there. */
  readonly p99Ms: number
  readonly records: number
  readonly readings: number
  readonly drainMs: number
}

/** How long records wait that are made while a large backlog of readings drains: with the limits of a plant, on a line as it should be. */
export async function urgentDelay(
  store: CloudStore,
  openLine: (targetPort: number) => Promise<Line>,
  folder: string,
): Promise<UrgentDelay> {
  const world = await World.open({
    folder,
    store,
    openLine,
    rules: urgentRules,
    kinds: [bulk, urgent],
    rateMax,
    isPatient: true,
  })
  const reader = openReader({ dataFolder: world.edgeFolder })
  try {
    const until = async (what: string, holds: () => boolean) => {
      const deadlineMs = performance.now() + waitMsMax
      while (!holds()) {
        if (performance.now() > deadlineMs) throw new Error(`waited ${waitMsMax / 1_000} s for ${what}`)
        await pause(lookEveryMs)
      }
    }
    const publisherOf = (kind: PublisherKind): Publisher => {
      const found = world.crowd.publishers.find((publisher) => publisher.kind === kind)
      if (found === undefined) throw new RangeError(`nobody publishes as ${kind.name}`)
      return found
    }
    await world.line.cut()
    // What it publishes comes while the backlog drains: records that had waited behind the cut line would be in front of its own.
    publisherOf(urgent).rest()
    await until('a backlog', () => reader.lanes().readingsSeq >= backlogReadings)
    publisherOf(bulk).rest()
    await world.line.heal()
    // From the first receipt on: until then the edge waits for its next try.
    const receiptedSeq = (lane: 'readings' | 'records') => reader.receipted()[lane]?.up_to_seq ?? 0
    const before = receiptedSeq('readings')
    await until('the line to be tried again', () => receiptedSeq('readings') > before)
    publisherOf(urgent).resume()
    const beganMs = performance.now()
    const { recordsSeq: firstSeq, readingsSeq: backlogSeq } = reader.lanes()
    const heard: { readonly seq: number; readonly atMs: number }[] = []
    await until('the backlog to drain', () => {
      const seq = receiptedSeq('records')
      if (seq > (heard.at(-1)?.seq ?? 0)) heard.push({ seq, atMs: Date.now() })
      return receiptedSeq('readings') >= backlogSeq
    })
    const drainMs = performance.now() - beganMs
    const lastSeq = reader.lanes().recordsSeq
    await until('the last records', () => {
      const seq = receiptedSeq('records')
      if (seq > (heard.at(-1)?.seq ?? 0)) heard.push({ seq, atMs: Date.now() })
      return seq >= lastSeq
    })
    const delays: number[] = []
    for (const { seq, line } of reader.recordLines(firstSeq + 1, Number.MAX_SAFE_INTEGER)) {
      if (seq > lastSeq) break
      const receipted = heard.find((each) => each.seq >= seq)
      if (receipted !== undefined) delays.push(receipted.atMs - recordSchema.parse(JSON.parse(line)).at_ms)
    }
    if (delays.length === 0) throw new Error('no record was made while the backlog drained: the delay is not known')
    delays.sort((left, right) => left - right)
    return {
      p99Ms: delays[Math.floor(delays.length * 0.99)] ?? 0,
      records: delays.length,
      readings: backlogSeq - before,
      drainMs,
    }
  } finally {
    reader.close()
    await world.close()
  }
}
