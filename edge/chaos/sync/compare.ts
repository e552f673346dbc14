import { lanes, pointOf, samePoint, verifyReceipt } from '@jidoka/sync-protocol'
import type { Receipt } from '@jidoka/sync-protocol'
import { readingOf, tagKeyOf } from '../publisher/kinds.ts'
import type { Ledger } from '../publisher/ledger.ts'
import type { CloudView, Readings } from './cloud-view.ts'
import type { EdgeView } from './edge-view.ts'

/** Listed by name; the rest is a number. */
const namedMax = 8

export interface SyncFindings {
  readonly acknowledged: number
  readonly lost: number
  readonly doubled: number
  readonly drops: number
  readonly records: number
  readonly readings: number
  /** One sentence each; empty when all is well. */
  readonly faults: readonly string[]
}

/** Holds what the devices were promised, what the appliance holds and what the cloud holds against each other, at rest. */
export function compare(ledgers: readonly Ledger[], edge: EdgeView, cloud: CloudView): SyncFindings {
  const faults: string[] = []
  const { lost, doubled } = readingFaults(ledgers, cloud, faults)
  laneFaults(edge, cloud, faults)
  recordFaults(edge, cloud, faults)
  receiptFaults(edge, cloud, faults)
  if (cloud.dropsCount > 0) faults.push(`the cloud lists ${cloud.dropsCount} dropped ranges, and nothing was dropped`)
  return {
    acknowledged: ledgers.reduce((sum, ledger) => sum + ledger.acknowledgedCount, 0),
    lost,
    doubled,
    drops: cloud.dropsCount,
    records: edge.records.length,
    readings: cloud.readingsCount,
    faults,
  }
}

/** What the cloud holds in the end, and what it held when the image was taken, at rest: all that the image has a receipt for. */
export interface TwoHistories {
  readonly cloud: CloudView
  readonly readings: ReadonlyMap<string, Readings>
  readonly former: { readonly epoch: string; readonly receipted: Readings }
}

/**
 * Two histories of one appliance, each of which has gone up under an epoch of its own: nothing that a device was promised is missing, whichever of the two had taken
 * it, and nothing is there that nobody sent. A reading may be there twice where the old epoch held it and the image had no receipt for it: it goes up again under a new epoch.
 * @param judgmentIds of both journals
 */
export function compareTwoHistories(
  ledgers: readonly Ledger[],
  judgmentIds: ReadonlySet<string>,
  { cloud, readings, former }: TwoHistories,
): { readonly lost: number; readonly doubled: number; readonly faults: readonly string[] } {
  const faults: string[] = []
  const { lost, doubled } = readingFaults(ledgers, cloud, faults, { mayBeTwice: true })
  say(
    faults,
    doubledWithoutReason(readings, former),
    'readings are in the cloud more often than two histories give reason for',
  )
  const there = new Set(cloud.judgmentIds)
  say(
    faults,
    [...judgmentIds].filter((id) => !there.has(id)),
    'judgments of one of two histories are not in the cloud',
  )
  return { lost, doubled, faults }
}

/** Readings that stand twice under one epoch, or under two of which none is the old one, or that the image had a receipt for. */
function doubledWithoutReason(readings: TwoHistories['readings'], former: TwoHistories['former']): string[] {
  const old = readings.get(former.epoch)
  const found = new Set<string>()
  const seen = new Set<string>()
  for (const [epoch, ofEpoch] of readings)
    for (const [key, values] of ofEpoch)
      for (const [value, count] of values) {
        const name = `${key} ${String(value)}`
        if (count > 1) found.add(`${name} ${count} times under ${epoch.slice(0, 8)}`)
        const hasReason = old?.get(key)?.has(value) === true && former.receipted.get(key)?.has(value) !== true
        if (seen.has(name) && !hasReason) found.add(name)
        seen.add(name)
      }
  return [...found]
}

/** Every acknowledged reading is in core.sensor_events once, under its tag, and none that nobody sent. */
function readingFaults(
  ledgers: readonly Ledger[],
  cloud: CloudView,
  faults: string[],
  { mayBeTwice = false }: { readonly mayBeTwice?: boolean } = {},
) {
  const missing: string[] = []
  const twice: string[] = []
  const invented: string[] = []
  for (const ledger of ledgers) {
    const { kind } = ledger
    const key = tagKeyOf(kind)
    const times = new Map<number, number>()
    for (const [value, count] of cloud.readings.get(key) ?? []) {
      const reading = readingOf(kind, value)
      if (reading === null || reading > ledger.sentCount * kind.samples) invented.push(`${key} ${String(value)}`)
      else times.set(reading, count)
      if (count > 1) twice.push(`${key} ${String(value)} ${count} times`)
    }
    for (let message = 1; message <= ledger.sentCount; message++) {
      if (!ledger.isAcknowledged(message)) continue
      const first = (message - 1) * kind.samples + 1
      for (let reading = first; reading < first + kind.samples; reading++)
        if (!times.has(reading)) missing.push(`${key} ${reading}`)
    }
  }
  const keys = new Set(ledgers.map(({ kind }) => tagKeyOf(kind)))
  for (const key of cloud.readings.keys()) if (!keys.has(key)) invented.push(`readings of ${key}`)
  say(faults, missing, 'acknowledged readings are not in the cloud')
  if (!mayBeTwice) say(faults, twice, 'readings are in the cloud more than once')
  say(faults, invented, 'readings in the cloud were sent by nobody')
  return { lost: missing.length, doubled: twice.length }
}

/** Points and range sums, each made anew from the appliance's rows; those of readings also from the rows that are stored. */
function laneFaults(edge: EdgeView, cloud: CloudView, faults: string[]): void {
  for (const lane of lanes) {
    if (!samePoint(edge.lanes[lane], cloud.lanes[lane]))
      faults.push(
        `the ${lane} lane stands at ${JSON.stringify(edge.lanes[lane])} on the edge and at ${JSON.stringify(cloud.lanes[lane])} in the cloud`,
      )
    for (const range of new Set([...edge.ranges[lane].keys(), ...cloud.ranges[lane].keys()])) {
      const [here, there] = [edge.ranges[lane].get(range), cloud.ranges[lane].get(range)]
      if (here?.count !== there?.count || here?.sum !== there?.sum || here?.upToSeq !== there?.upToSeq)
        faults.push(
          `range ${range} of the ${lane} is ${JSON.stringify(here)} on the edge, and the cloud keeps ${JSON.stringify(there)}`,
        )
    }
  }
  if (cloud.readingsSum !== edge.readingsSum || cloud.readingsCount !== edge.lanes.readings.count)
    faults.push(
      `core.sensor_events has ${cloud.readingsCount} readings with the sum ${cloud.readingsSum}, and the edge ${edge.lanes.readings.count} with ${edge.readingsSum}`,
    )
}

/** Judgments, alarms and runs of verdicts, once each. */
function recordFaults(edge: EdgeView, cloud: CloudView, faults: string[]): void {
  const judgments: string[] = []
  const alarms = new Map<string, string>()
  const runs: number[] = []
  for (const record of edge.records) {
    if (record.kind === 'judgment') judgments.push(record.body.id)
    else if (record.kind === 'alarm') alarms.set(record.body.id, record.body.state)
    else if (record.kind === 'verdict_run') runs.push(record.seq)
  }
  sameOnce(faults, 'judgments', judgments, cloud.judgmentIds)
  sameOnce(faults, 'runs of verdicts', runs.map(String), cloud.runSeqs.map(String))
  const asText = (id: string, state: string) => `${id} ${state}`
  sameOnce(
    faults,
    'alarms in their last state',
    [...alarms].map(([id, state]) => asText(id, state)),
    cloud.alarms.map(({ id, state }) => asText(id, state)),
  )
}

function sameOnce(faults: string[], what: string, here: readonly string[], there: readonly string[]): void {
  const [edge, cloud] = [new Set(here), new Set(there)]
  const count = there.length - cloud.size
  if (count > 0) faults.push(`${count} ${what} are in the cloud more than once`)
  say(
    faults,
    [...edge].filter((each) => !cloud.has(each)),
    `${what} of the edge are not in the cloud`,
  )
  say(
    faults,
    [...cloud].filter((each) => !edge.has(each)),
    `${what} of the cloud are not on the edge`,
  )
}

/** Without any line: the keys that the edge believes, and its own rows. */
function receiptFaults(edge: EdgeView, cloud: CloudView, faults: string[]): void {
  const signed = (receipt: Receipt, who: string) => {
    const { kind } = verifyReceipt(receipt, edge.trusted)
    if (kind !== 'ok')
      faults.push(`a receipt that ${who} keeps, of the ${receipt.lane} up to ${receipt.up_to_seq}: ${kind}`)
  }
  for (const receipt of cloud.receipts) signed(receipt, 'the cloud')
  for (const lane of lanes) {
    const receipt = edge.receipts.find((each) => each.lane === lane)
    if (receipt === undefined) faults.push(`the edge has no receipt of the ${lane}`)
    else {
      signed(receipt, 'the edge')
      if (!samePoint(pointOf(receipt), edge.lanes[lane]))
        faults.push(
          `the edge's receipt of the ${lane} says ${JSON.stringify(pointOf(receipt))}, and its rows ${JSON.stringify(edge.lanes[lane])}`,
        )
    }
  }
}

function say(faults: string[], found: readonly string[], what: string): void {
  if (found.length > 0) faults.push(`${found.length} ${what}: ${found.slice(0, namedMax).join(', ')}`)
}
