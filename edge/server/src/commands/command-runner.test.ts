import { createLog, OperationalError } from '@jidoka/base'
import type { CommandResult, CommandState, DesiredItem } from '@jidoka/domain'
import { commandStateIsFinal } from '@jidoka/domain'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Command } from '../pipeline/commands.ts'
import { TestJournal } from '../pipeline/test-support.ts'
import type { Committed, CommandJournal, StoredCommand } from '../ports.ts'
import { openReader } from '../store/journal-reader.ts'
import type { CommandActions } from './command-runner.ts'
import { CommandRunner } from './command-runner.ts'
import { commandLimits } from './limits.ts'

/*
 * A command of the cloud is never lost and never run twice. What is really run: the journal with its files, the runner, and a clock that is
 * turned by hand. What is modelled: the kill, as a runner whose promises never resolve again and a journal that is opened anew without
 * having been closed; and the disk that takes no commit, as an error of the journal. The kill comes before and behind each commit and in
 * the middle of the work, which is every place where a process can die.
 */
const log = createLog('test', { level: 'silent' })
const id = (no: number) => `0198f0d2-0000-7000-8000-00000000000${no}`
const never = new Promise<never>(() => {})

let at: TestJournal
let runs: string[]
let runner: CommandRunner
beforeEach(() => {
  at = new TestJournal()
  runs = []
})
afterEach(() => at.close())

const held = (): readonly StoredCommand[] => {
  const reader = openReader({ dataFolder: at.folder })
  try {
    return reader.commands(100)
  } finally {
    reader.close()
  }
}
const states = () => held().map(({ state }) => state)
const told = () =>
  at.records().flatMap((each) => (each.kind === 'reported' && each.body.kind === 'command' ? [each.body.state] : []))

const command = (no: number, expiresAtMs = Number.MAX_SAFE_INTEGER): DesiredItem => ({
  kind: 'command',
  key: id(no),
  version: 1,
  body: { issued_by: 'kim', issued_at_ms: 1, expires_at_ms: expiresAtMs, what: { name: 'support_bundle' } },
})

interface World {
  /** Called around each commit of the runner. */
  readonly around?: (commit: () => boolean) => Promise<boolean>
  readonly act?: CommandActions['support_bundle']
  readonly cloudNowMs?: () => number
}

function life({ around = async (commit) => commit(), act, cloudNowMs = () => at.clock.nowMs() }: World = {}) {
  const listeners = new Set<(committed: Committed) => void>()
  const apply = (step: Extract<Command, { kind: 'start_command' | 'settle_command' }>) => around(() => at.command(step))
  const journal: CommandJournal = {
    startCommand: (which) => apply({ kind: 'start_command', id: which }),
    settleCommand: (which, outcome) => apply({ kind: 'settle_command', id: which, outcome }),
  }
  const refuse = () => Promise.reject(new OperationalError('not in this test'))
  runner = new CommandRunner({
    journal,
    commands: held,
    onCommitted: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    cloudNowMs,
    actions: {
      support_bundle: async (what, context) => {
        runs.push(context.id)
        return act === undefined ? ({ files: 3 } satisfies CommandResult) : act(what, context)
      },
      resend: refuse,
      rehearsal: refuse,
    },
    clock: at.clock,
    log,
  })
  const tell = () => {
    const last = at.committed.at(-1)
    if (last !== undefined) for (const listener of listeners) listener(last)
  }
  return { start: () => runner.start(), tell }
}

describe('a command', () => {
  test('is run once, and what it found goes up with its end', async () => {
    const { start, tell } = life()
    await start()
    at.desire(command(1))
    tell()
    await runner.idle()
    expect(runs).toEqual([id(1)])
    expect(told()).toEqual(['accepted', 'started', 'done'])
    expect(held()).toMatchObject([{ state: 'done', result: { files: 3 } }])
  })

  test('waits for the one that came before it', async () => {
    const ends: (() => void)[] = []
    const { start } = life({ act: () => new Promise((resolve) => ends.push(() => resolve({}))) })
    at.desire(command(2), command(1))
    await start()
    await vi.waitUntil(() => runs.length === 1)
    expect(states()).toEqual(['started', 'accepted'])
    ends.shift()?.()
    await vi.waitUntil(() => runs.length === 2)
    ends.shift()?.()
    await runner.idle()
    expect(runs).toEqual([id(2), id(1)])
    expect(states()).toEqual(['done', 'done'])
  })

  test('that fails says why, and the next one has its turn', async () => {
    const { start } = life({
      act: (_what, context) =>
        context.id === id(1) ? Promise.reject(new OperationalError('There is no room.')) : Promise.resolve({}),
    })
    at.desire(command(1), command(2))
    await start()
    await runner.idle()
    expect(held()).toMatchObject([{ state: 'failed', problem: 'There is no room.' }, { state: 'done' }])
  })

  test("that comes too late by the cloud's clock does nothing, whatever the appliance's own says", async () => {
    const nowMs = at.clock.nowMs()
    const { start } = life({ cloudNowMs: () => nowMs + 10_000 })
    at.desire(command(1, nowMs + 9_999), command(2, nowMs + 10_001))
    await start()
    await runner.idle()
    expect(runs).toEqual([id(2)])
    expect(states()).toEqual(['expired', 'done'])
  })

  test('that never ends is given up after its time, so that others have their turn', async () => {
    const { start } = life({ act: (_what, context) => (context.id === id(1) ? never : Promise.resolve({})) })
    at.desire(command(1), command(2))
    await start()
    await vi.waitUntil(() => runs.length === 1)
    at.clock.advance(commandLimits.runTimeMsMax)
    await runner.idle()
    expect(held()).toMatchObject([
      { state: 'failed', problem: expect.stringContaining('60 minutes') },
      { state: 'done' },
    ])
  })

  test('that a stop cuts off is interrupted at the next start, and not run again', async () => {
    await life({ act: () => never }).start()
    at.desire(command(1))
    const { start } = life({ act: () => never })
    await start()
    await vi.waitUntil(() => runs.length === 1)
    await runner.stop()
    expect(states()).toEqual(['started'])
    at.restart()
    await life().start()
    await runner.idle()
    expect(runs).toEqual([id(1)])
    expect(told()).toEqual(['accepted', 'started', 'interrupted'])
  })

  test('whose end the disk does not take keeps it until it does, and is not run again', async () => {
    let failures = 0
    const { start } = life({
      around: async (commit) => {
        if (states()[0] === 'started' && failures < 3) {
          failures++
          throw new Error('the disk is full')
        }
        return commit()
      },
    })
    at.desire(command(1))
    await start()
    await vi.waitUntil(() => {
      at.clock.advance(commandLimits.retryDelayMs)
      return states()[0] === 'done'
    })
    await runner.idle()
    expect(failures).toBe(3)
    expect(runs).toEqual([id(1)])
    expect(told()).toEqual(['accepted', 'started', 'done'])
  })
})

describe('a kill', () => {
  const places = [
    'before the commit of started',
    'behind it',
    'in the middle of the work',
    'before the commit of done',
    'behind that',
  ] as const
  const expected: Record<(typeof places)[number], { readonly runs: number; readonly end: CommandState }> = {
    'before the commit of started': { runs: 1, end: 'done' },
    'behind it': { runs: 0, end: 'interrupted' },
    'in the middle of the work': { runs: 1, end: 'interrupted' },
    'before the commit of done': { runs: 1, end: 'interrupted' },
    'behind that': { runs: 1, end: 'done' },
  }
  test.each(places)('%s leaves a command neither lost nor run twice', async (place) => {
    let died = false
    let commits = 0
    const { start } = life({
      around: (commit) => {
        const which = ++commits === 1 ? places.slice(0, 2) : places.slice(3)
        if (place === which[0]) {
          died = true
          return never
        }
        const answer = commit()
        if (place !== which[1]) return Promise.resolve(answer)
        died = true
        return never
      },
      act: () => {
        if (place !== 'in the middle of the work') return Promise.resolve({})
        died = true
        return never
      },
    })
    at.desire(command(1))
    await start()
    await vi.waitUntil(() => died)
    at.restart({ inOrder: false })
    await life().start()
    await runner.idle()
    // Everything comes again after a must-refetch; nothing more happens.
    at.desire(command(1))
    await life().start()
    await runner.idle()
    expect(runs).toHaveLength(expected[place].runs)
    expect(states()).toEqual([expected[place].end])
    expect(told().filter((state) => commandStateIsFinal[state as CommandState])).toEqual([expected[place].end])
  })
})
