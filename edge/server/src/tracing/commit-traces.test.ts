import { ManualClock, Tracer } from '@jidoka/base'
import type { RootOptions } from '@jidoka/base'
import { expect, test } from 'vitest'
import { emptyCommit } from '../http/testing/memory-journal.ts'
import { CommitTraces } from './commit-traces.ts'

function open(ratio: number) {
  const noted: { name: string; options: RootOptions }[] = []
  const tracer = new Tracer({ clock: new ManualClock(), ratio, perSecondMax: 1_000, random: () => 0.5 })
  tracer.recordTo({
    open: (name, options) => {
      noted.push({ name, options })
      const nothing = () => undefined
      return {
        isRecorded: true,
        isEnded: false,
        traceId: '',
        spanId: '',
        traceparent: String(noted.length),
        rename: nothing,
        set: nothing,
        fail: nothing,
        end: nothing,
      }
    },
  })
  return { noted, traces: new CommitTraces(tracer, { readingsSeq: 10, recordsSeq: 3 }) }
}

const commit = (readingsSeq: number, recordsSeq: number) => ({ ...emptyCommit, readingsSeq, recordsSeq })

test('a batch is linked with the commits that its rows came by, and with no other', () => {
  const { traces, noted } = open(1)
  traces.committed(commit(20, 3))
  traces.committed(commit(20, 5))
  traces.committed(commit(30, 6))
  expect(noted.map(({ name }) => name)).toEqual(['commit', 'commit', 'commit'])
  expect(noted[1]?.options.facts).toMatchObject({ 'jidoka.records': 2, 'jidoka.readings_seq': 20 })
  expect(noted[0]?.options.facts).toMatchObject({ 'jidoka.readings_qos0': 0, 'jidoka.repeated_publishes': 0 })
  expect(traces.linksTo('readings', 1, 10)).toEqual([])
  expect(traces.linksTo('readings', 11, 20)).toEqual(['1'])
  expect(traces.linksTo('readings', 20, 21)).toEqual(['1', '3'])
  expect(traces.linksTo('records', 4, 5)).toEqual(['2'])
  expect(traces.linksTo('records', 7, 9)).toEqual([])
})

test('of commits that are not recorded nothing is remembered, and of the others a bounded number', () => {
  const nothing = open(0)
  nothing.traces.committed(commit(20, 3))
  expect([nothing.noted, nothing.traces.linksTo('readings', 1, 100)]).toEqual([[], []])
  const { traces } = open(1)
  for (let seq = 11; seq < 1_011; seq++) traces.committed(commit(seq, 3))
  expect(traces.linksTo('readings', 1, 700)).toEqual([])
  expect(traces.linksTo('readings', 1, 1_010)).toHaveLength(16)
})
