import { ManualClock, Tracer } from '@jidoka/base'
import type { Past } from '@jidoka/base'
import { expect, test } from 'vitest'
import { emptyCommit } from '../http/testing/memory-journal.ts'
import { CommitTraces } from './commit-traces.ts'

function open(ratio: number) {
  const noted: (Partial<Past> & { parent: string | null; endedMs?: number | undefined })[] = []
  const clock = new ManualClock()
  const tracer = new Tracer({ clock, ratio, perSecondMax: 1_000, random: () => 0.5 })
  tracer.recordTo({
    open: (name, options, parent) => {
      const span: (typeof noted)[number] = { name, parent: parent?.spanId ?? null, ...options }
      noted.push(span)
      const nothing = () => undefined
      return {
        isRecorded: true,
        isEnded: false,
        traceId: '',
        spanId: String(noted.length),
        traceparent: String(noted.length),
        rename: nothing,
        set: nothing,
        fail: nothing,
        end: (atMs) => void (span.endedMs = atMs),
      }
    },
  })
  return { noted, clock, traces: new CommitTraces(tracer, clock, { readingsSeq: 10, recordsSeq: 3 }) }
}

const commit = (readingsSeq: number, recordsSeq: number) => ({ ...emptyCommit, readingsSeq, recordsSeq })

test('what the broker took is one span from the first publish to the last answer, with the commit within', () => {
  const { traces, noted, clock } = open(1)
  clock.advance(1_000)
  const nowMs = clock.nowMs()
  traces.committed(
    { ...commit(20, 3), counts: { ...emptyCommit.counts, readings: 10, commitMs: 3 } },
    { count: 12, firstMs: 990, committedMs: 998, acknowledgedMs: 999 },
  )
  expect(noted).toMatchObject([
    {
      name: 'process sensor/#',
      kind: 'consumer',
      parent: null,
      startMs: nowMs - 10,
      endedMs: nowMs - 1,
      facts: {
        'messaging.system': 'mqtt',
        'messaging.operation.type': 'process',
        'messaging.destination.template': 'sensor/#',
        'messaging.batch.message_count': 12,
      },
    },
    { name: 'commit', parent: '1', startMs: nowMs - 5, endedMs: nowMs - 2, facts: { 'jidoka.readings': 10 } },
  ])
})

test('a batch is linked with the commits that its rows came by, and with no other', () => {
  const { traces, noted } = open(1)
  traces.committed(commit(20, 3), null)
  traces.committed(commit(20, 5), null)
  traces.committed(commit(30, 6), null)
  expect(noted.map(({ name }) => name)).toEqual(['commit', 'commit', 'commit'])
  expect(noted[1]?.facts).toMatchObject({ 'jidoka.records': 2, 'jidoka.readings_seq': 20 })
  expect(noted[0]?.facts).toMatchObject({ 'jidoka.readings_qos0': 0, 'jidoka.repeated_publishes': 0 })
  expect(traces.linksTo('readings', 1, 10)).toEqual([])
  expect(traces.linksTo('readings', 11, 20)).toEqual(['1'])
  expect(traces.linksTo('readings', 20, 21)).toEqual(['1', '3'])
  expect(traces.linksTo('records', 4, 5)).toEqual(['2'])
  expect(traces.linksTo('records', 7, 9)).toEqual([])
})

test('of commits that are not recorded nothing is remembered, and of the others a bounded number', () => {
  const nothing = open(0)
  nothing.traces.committed(commit(20, 3), null)
  expect([nothing.noted, nothing.traces.linksTo('readings', 1, 100)]).toEqual([[], []])
  const { traces } = open(1)
  for (let seq = 11; seq < 1_011; seq++) traces.committed(commit(seq, 3), null)
  expect(traces.linksTo('readings', 1, 700)).toEqual([])
  expect(traces.linksTo('readings', 1, 1_010)).toHaveLength(16)
})
