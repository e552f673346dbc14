import { createLog } from '@jidoka/base'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { BrokerChange } from '../ports.ts'
import { StoreProblemError } from '../store/errors.ts'
import { BrokerJournal } from './broker-journal.ts'
import { TestJournal } from './conformance/test-journal.ts'

const log = createLog('test', { level: 'silent' })
const turn = () => new Promise((resolve) => setImmediate(resolve))
const session = (clientId: string, seenMs = 0): BrokerChange => ({
  kind: 'session',
  session: { clientId, login: 'a', subscriptions: [], seenMs },
})
const gone = (clientId: string): BrokerChange => ({ kind: 'session_gone', clientId })
const will = (clientId: string, bytes = 4): BrokerChange => ({
  kind: 'will',
  will: { clientId, login: 'a', packet: new Uint8Array(bytes) },
})

function failing(journalBytesMax = 1_000_000) {
  const sent: (readonly BrokerChange[])[] = []
  let isBroken = true
  const journal = new BrokerJournal({
    pipeline: {
      changeBroker: async (changes) => {
        if (isBroken) throw new StoreProblemError('full', 'The disk is full.')
        sent.push(changes)
      },
    },
    log,
    limits: { journalBytesMax },
    onCommitted: () => {},
  })
  const mend = () => {
    isBroken = false
    journal.release()
  }
  return { journal, sent, mend }
}

describe('while the store fails', () => {
  test('I10: rows that are said anew take the place of what was said before, and nobody is told before they are on disk', async () => {
    const { journal, sent, mend } = failing()
    journal.note(session('first'))
    await turn()
    expect(journal.hasRoom).toBe(false)
    let told = 0
    for (let count = 1; count <= 1_000; count++) {
      journal.note(session('first', count))
      journal.note(will('first'))
      journal.note({ kind: 'will_gone', clientId: 'first' })
      journal.note({ kind: 'retain', topic: 't', packet: new Uint8Array(count) })
      journal.after(journal.position, () => told++)
    }
    expect(journal.gatheredCount).toBe(3)
    expect([told, journal.concerns('first'), journal.concerns('second')]).toEqual([0, true, false])
    mend()
    await turn()
    expect(sent).toEqual([
      [
        session('first', 1_000),
        { kind: 'will_gone', clientId: 'first' },
        { kind: 'retain', topic: 't', packet: new Uint8Array(1_000) },
      ],
    ])
    expect([told, journal.isIdle, journal.hasRoom]).toEqual([1_000, true, true])
  })

  test('a session that began anew does not stand before the end of the one before it', async () => {
    const { journal, sent, mend } = failing()
    journal.note(session('a', 1))
    await turn()
    for (const change of [gone('a'), gone('a'), session('a', 2), session('a', 3)]) journal.note(change)
    mend()
    await turn()
    expect(sent.flat()).toEqual([session('a', 1), gone('a'), gone('a'), session('a', 3)])
  })
})

test('I10: has no room for newcomers above its bytes, though the store works, until they are written', async () => {
  let commit = () => {}
  const journal = new BrokerJournal({
    pipeline: { changeBroker: () => new Promise((resolve) => (commit = resolve)) },
    log,
    limits: { journalBytesMax: 10_000 },
    onCommitted: () => {},
  })
  journal.note(session('a'))
  await turn()
  journal.note(will('b', 20_000))
  expect(journal.hasRoom).toBe(false)
  commit()
  await turn()
  expect(journal.hasRoom).toBe(true)
})

test('I1: whatever fails in between, the store holds in the end what was noted in order, and who waited was not told too early', async () => {
  const client = fc.constantFrom('a', 'b')
  const queued = (clientId: string, messageId: number): BrokerChange => ({
    kind: 'enqueue',
    message: { clientId, messageId, state: 'publish', packet: new Uint8Array(3) },
  })
  const step = fc.oneof(
    client.map((id) => session(id, 1)),
    client.map((id) => session(id, 2)),
    client.map(gone),
    client.map((id) => will(id)),
    client.map((clientId): BrokerChange => ({ kind: 'will_gone', clientId })),
    fc.tuple(client, fc.integer({ min: 1, max: 3 })).map(([clientId, messageId]) => queued(clientId, messageId)),
    fc.constantFrom('turn' as const, 'break' as const, 'mend' as const),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const [store, expected] = [new TestJournal(), new TestJournal()]
      const journal = new BrokerJournal({
        pipeline: store,
        log,
        limits: { journalBytesMax: 1_000_000 },
        onCommitted: () => {},
      })
      const noted: BrokerChange[] = []
      const toldTooEarly: BrokerChange[] = []
      const hasEnded = new Set<string>()
      for (const each of steps) {
        if (each === 'turn') await turn()
        else if (each === 'break') store.break()
        else if (each === 'mend') {
          store.mend()
          journal.release()
        } else {
          journal.note(each)
          noted.push(each)
          if (each.kind === 'session_gone') hasEnded.add(each.clientId)
          journal.after(journal.position, () => {
            const { sessions, queue } = store.brokerState()
            const isThere =
              each.kind === 'session'
                ? sessions.some(({ clientId }) => clientId === each.session.clientId)
                : each.kind !== 'enqueue' || queue.some(({ messageId }) => messageId === each.message.messageId)
            const clientId = each.kind === 'session' ? each.session.clientId : 'a'
            if (!isThere && !hasEnded.has(clientId) && !hasEnded.has('b')) toldTooEarly.push(each)
          })
        }
      }
      store.mend()
      while (!journal.isIdle) {
        journal.release()
        await turn()
      }
      await expected.changeBroker(noted)
      expect(toldTooEarly).toEqual([])
      expect(store.brokerState()).toEqual(expected.brokerState())
      store.close()
      expected.close()
    }),
    {
      numRuns: 60,
      // A second end once took the place of the first, and left what had been queued between the two.
      examples: [[[gone('b'), queued('b', 1), gone('b')]]],
    },
  )
})
