import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { hotRule, TestJournal } from '../pipeline/test-support.ts'
import { readUntoldAlarms } from './untold-alarms.ts'

describe('alarms that are untold after a start', () => {
  let at: TestJournal
  beforeEach(() => {
    at = new TestJournal()
    at.deploy(hotRule())
  })
  afterEach(() => at.close())

  const untold = (): string[] => {
    const sqlite = at.edit()
    try {
      return readUntoldAlarms(sqlite).alarms.map(({ subject, state }) => `${subject} ${state}`)
    } finally {
      sqlite.close()
    }
  }
  const raise = (equipment: string) =>
    at.send({ topic: `sensor/LINE-A/${equipment}/temperature`, payload: Buffer.from(at.payload(90)) }).recordsSeq
  const told = (recordsSeq: number) => at.command({ kind: 'broker', changes: [{ kind: 'alarms_told', recordsSeq }] })
  const beginEpoch = (epoch: string) => ({
    kind: 'begin_epoch' as const,
    begin: { epoch: epoch.repeat(32), startSeqs: { readings: 1, records: 1 }, actor: 'test' },
  })

  test('are none that a new epoch said again and that were told before', () => {
    told(raise('P1'))
    at.command(beginEpoch('a'))
    expect(untold()).toEqual([])
    raise('P2')
    expect(untold()).toEqual(['LINE-A/P2/temperature unacknowledged'])
  })

  test('are those from before a new epoch that nobody was told of', () => {
    told(raise('P1'))
    raise('P2')
    at.command(beginEpoch('a'))
    expect(untold()).toContain('LINE-A/P2/temperature unacknowledged')
  })

  test('are those of the commit that began the epoch, on either side of it', () => {
    told(raise('P1'))
    const message = {
      topic: 'sensor/LINE-A/P2/temperature',
      payload: Buffer.from(at.payload(90)),
    }
    at.sendAndCommand([message], beginEpoch('a'))
    expect(untold()).toContain('LINE-A/P2/temperature unacknowledged')
  })
})
