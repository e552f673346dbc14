import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { someJudgment } from '../http/testing/memory-journal.ts'
import { JournalWriter } from '../store/journal-writer.ts'
import { keepingClasses } from './classes.ts'
import { keepingDefaults } from './policy.ts'
import { Stock } from './stock.ts'
import { StoredStateReader } from './stored-state.ts'
import { KeptJournal } from './testing/kept-journal.ts'

const count = 4_000

let at: KeptJournal
beforeEach(() => {
  at = new KeptJournal()
})
afterEach(() => at.close())

const pageBytes = () => Number(at.database.pragma('page_count', { simple: true })) * 4_096

/** Bytes a record by which the database has grown. */
function store(write: (writer: JournalWriter, seq: number) => void): number {
  const before = pageBytes()
  const writer = new JournalWriter(at.database)
  for (let seq = 1; seq <= count; seq += 100)
    writer.commit(() => {
      for (let each = seq; each < seq + 100; each++) write(writer, each)
    })
  return (pageBytes() - before) / count
}

function forecast(): number {
  const reader = new StoredStateReader(at.folder, { ...keepingDefaults, bytesMax: null, hasCloud: true })
  try {
    return reader.read(at.space).bytesPerRecord
  } finally {
    reader.close()
  }
}

const inStock = () =>
  keepingClasses
    .filter(({ lane }) => lane === 'records')
    .flatMap((each) => [...new Stock(at.database).pieces(each, 1, at.clock.nowMs())])
    .reduce((sum, { bytes }) => sum + bytes, 0) / count

test.each([true, false])(
  'a judgment counts with its row and its entries in all indexes, in the forecast and in what goes (normal: %s)',
  (normal) => {
    const nowMs = at.clock.nowMs()
    const taken = store((writer, seq) =>
      writer.record(
        seq,
        { kind: 'judgment', at_ms: nowMs, body: { ...someJudgment(), id: randomUUID(), normal } },
        seq,
      ),
    )
    for (const counted of [forecast(), inStock()]) expect(Math.abs(counted / taken - 1)).toBeLessThan(0.1)
  },
)

test('a record of another kind counts with its page', () => {
  const nowMs = at.clock.nowMs()
  const body = { actor: 'kim', action: 'rule.deploy', subject: 'hot', detail: { text: 'x'.repeat(200) } }
  const taken = store((writer, seq) => writer.record(seq, { kind: 'audit', at_ms: nowMs, body }, seq))
  for (const counted of [forecast(), inStock()]) expect(Math.abs(counted / taken - 1)).toBeLessThan(0.1)
})

test('the oldest normal judgment is found without a walk through the abnormal ones before it', () => {
  const sql = 'select seq from judgments where abnormal = 0 and seq > 0 order by seq limit 1'
  const plan = at.database.prepare<[], { detail: string }>(`explain query plan ${sql}`).all()
  expect(plan.map(({ detail }) => detail).join()).toContain('judgments_normal')
})
