import { readFileSync } from 'node:fs'
import { recordSchema } from '@jidoka/domain'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { parseDesiredRow } from './desired-row.ts'
import { downMessages } from './down.ts'
import { enrolmentResponseSchema } from './enrolment.ts'
import { receiptSchema, verifyReceipt } from './receipt.ts'
import { refusals } from './refusal.ts'
import { upMessages } from './up.ts'

// Edges are years behind the cloud, and journals hold receipts and records of every version that wrote them: what was ever a message stays
// readable. Each fixture was made by the program of its version: batches, receipts and cursors by its own encoder and signer, all of it read by its own schemas. From
// the first release of the program on they are never changed (before it those of 1.0 and 1.1 were recorded once more, with the programs of their time); a
// version that goes over the line gets one of its own.

/** The version that each message came with. */
const since = {
  up: {
    batchHeader: '1.0',
    enrolmentRequest: '1.0',
    troubleReport: '1.2',
    courierKey: '1.2',
    courierHeader: '1.2',
    courierTrailer: '1.2',
  },
  down: {
    receipt: '1.0',
    refusal: '1.0',
    cursor: '1.0',
    enrolmentResponse: '1.0',
    desiredRow: '1.0',
    laneRanges: '1.2',
    repairAnswer: '1.2',
    courierKeyAnswer: '1.2',
    courierDown: '1.2',
  },
} as const satisfies {
  up: Record<keyof typeof upMessages, string>
  down: Record<keyof typeof downMessages, string>
}

/** Kinds of records and refusals that came later than with 1.0, and the version that each came with. */
const kindsSince: Readonly<Record<string, string>> = { verdict_run: '1.1' }

const messages = z.record(z.string(), z.array(z.unknown()).min(1))
const fixtureSchema = z.strictObject({ up: messages, down: messages, records: z.array(z.unknown()).min(1) })

describe.each(['1.0', '1.1', '1.2'])('messages of protocol %s, as they stand in its fixture,', (version) => {
  const url = new URL(`testing/fixtures/messages-${version}.json`, import.meta.url)
  const fixture = fixtureSchema.parse(JSON.parse(readFileSync(url, 'utf8')))
  const ofThen = (kinds: readonly string[]) => kinds.filter((kind) => (kindsSince[kind] ?? '1.0') <= version)
  const directions = { up: upMessages, down: downMessages }

  test.each(['up', 'down'] as const)('are all there, and every one that goes %s is still read', (direction) => {
    const schemas = new Map<string, z.ZodType>(Object.entries(directions[direction]))
    const ofVersion = Object.entries(since[direction]).filter(([, first]) => first <= version)
    expect(Object.keys(fixture[direction]).toSorted()).toEqual(ofVersion.map(([name]) => name).toSorted())
    for (const [name, examples] of Object.entries(fixture[direction]))
      for (const example of examples) {
        const parsed = schemas.get(name)?.safeParse(example)
        expect([name, parsed?.error?.issues ?? [], parsed?.success]).toEqual([name, [], true])
        if (typeof example === 'object' && example !== null && 'protocol' in example)
          expect([name, example.protocol]).toEqual([name, version])
      }
  })

  test('a receipt is still verified with the keys that came with the enrolment', () => {
    const { receipt_keys: keys } = enrolmentResponseSchema.parse(fixture.down['enrolmentResponse']?.[0])
    const receipts = fixture.down['receipt'] ?? []
    for (const example of receipts) {
      const receipt = receiptSchema.parse(example)
      expect(verifyReceipt(receipt, keys)).toEqual({ kind: 'ok' })
      expect(verifyReceipt({ ...receipt, up_to_seq: receipt.up_to_seq + 1 }, keys)).toEqual({ kind: 'bad_signature' })
    }
  })

  test('every refusal of its time is among them, and each still has its sentence', () => {
    const kinds = z.array(z.looseObject({ kind: z.string() })).parse(fixture.down['refusal'])
    expect(kinds.map(({ kind }) => kind).toSorted()).toEqual(ofThen(Object.keys(refusals)).toSorted())
  })

  test('rows of the desired state are still read, body and all', () => {
    for (const row of fixture.down['desiredRow'] ?? [])
      expect(parseDesiredRow(row)).toMatchObject({
        kind: 'ok',
        edgeId: z.object({ edge_id: z.string() }).parse(row).edge_id,
      })
  })

  test('records of every kind of its time are still read', () => {
    const records = fixture.records.map((record) => recordSchema.parse(record))
    const kinds = ofThen(recordSchema.options.map((option) => option.shape.kind.value))
    expect([...new Set(records.map(({ kind }) => kind))].toSorted()).toEqual(kinds.toSorted())
    // A member that came later must not be put in by reading: what was written is what is digested and shown.
    expect(records).toEqual(fixture.records)
  })
})
