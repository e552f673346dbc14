import { afterEach, describe, expect, test } from 'vitest'
import { Folders } from './folders.ts'
import { modes } from './modes/index.ts'
import type { ModeName } from './modes/index.ts'
import { mosquittoFile, mosquittoLosses } from './modes/mosquitto.ts'
import type { Outcome } from './report.ts'
import { noShim } from './shim/build.ts'
import type { SubjectOptions } from './subject/options.ts'

/*
 * The harness in small: a few blows of each kind, and none may cost an acknowledged reading (I1), store one twice, break a
 * sequence (I2) or leave a verdict that cannot be made again (I3). Then the same harness on an appliance that breaks its
 * promise on purpose, where it must find losses: what cannot fail proves nothing. The long runs are `npm run chaos`.
 */

const seed = Number(process.env['JIDOKA_TEST_SEED'] ?? '1')
const timeout = 240_000
const shimWord = noShim === null ? '' : ` (skipped: ${noShim})`
const peerWord = mosquittoFile === null ? ' (skipped: mosquitto is not installed)' : ''

let folders = new Folders()
afterEach(() => {
  folders.removeAll()
  folders = new Folders()
})

const run = (mode: ModeName, runs: number, broken: SubjectOptions['broken'] = null): Promise<Outcome> =>
  modes[mode].run({ runs, seed, folders, broken, say: () => {} })

describe('an appliance that is broken in every way', { timeout }, () => {
  test('I1: 6 times killed, it has lost nothing that it acknowledged', async () => {
    const { row, failures } = await run('kill', 6)
    expect(failures).toEqual([])
    expect(row.acknowledged).toBeGreaterThan(500)
    expect(row.verdictsMadeAgain).toBeGreaterThan(0)
    expect(row.judgedAnew).toBeGreaterThan(0)
  })

  test.skipIf(noShim !== null)(
    `I1: its power cut 4 times, it has lost nothing that it acknowledged${shimWord}`,
    async () => {
      const { row, failures } = await run('power-cut', 4)
      expect(failures).toEqual([])
      expect(row.acknowledged).toBeGreaterThan(100)
    },
  )

  test.skipIf(noShim !== null)(
    `I1: its disk full or failing 3 times, it acknowledges nothing then, and goes on by itself${shimWord}`,
    async () => {
      const { row, failures } = await run('disk-full', 3)
      expect(failures).toEqual([])
      expect(row.acknowledged).toBeGreaterThan(500)
    },
  )

  test.skipIf(noShim !== null)(
    `I1: its clock set wrong and right again, it has lost nothing and judges on${shimWord}`,
    async () => {
      const { row, failures } = await run('clock', 1)
      expect(failures).toEqual([])
      expect(row.acknowledged).toBeGreaterThan(500)
    },
  )

  test('I1: flooded by 200 clients, it serves those who behave', async () => {
    const { row, failures } = await run('flood', 1)
    expect(failures).toEqual([])
    expect(row.acknowledged).toBeGreaterThan(500)
  })
})

describe('the harness finds losses', { timeout }, () => {
  test.skipIf(noShim !== null)(`of an appliance that does not sync, when its power is cut${shimWord}`, async () => {
    const { failures } = await run('power-cut', 24, 'unsynced')
    // A store that no longer opens has lost everything, and is found as well.
    expect(failures).not.toEqual([])
    expect(failures.join('\n')).toMatch(/acknowledged readings are lost|ended before it listened|are missing/)
  })

  test.skipIf(noShim !== null)(
    `of an appliance that acknowledges before its commit, when its power is cut${shimWord}`,
    async () => {
      const { row } = await run('power-cut', 24, 'early')
      expect(row.lost).toBeGreaterThan(0)
    },
  )

  test('of an appliance that acknowledges before its commit, when it is killed', async () => {
    const { row } = await run('kill', 30, 'early')
    expect(row.lost).toBeGreaterThan(0)
  })

  test('of an appliance whose windows are empty after each kill', async () => {
    const { failures } = await run('kill', 30, 'unfilled')
    expect(failures.join('\n')).toContain('replay: ')
  })

  test.skipIf(mosquittoFile === null)(
    `of Mosquitto with persistence, when it is killed, and none when it is stopped in order${peerWord}`,
    async () => {
      const killed = await mosquittoLosses(folders, 'SIGKILL')
      expect(killed.acknowledged).toBeGreaterThan(500)
      expect(killed.lost).toBeGreaterThan(0)
      const stopped = await mosquittoLosses(folders, 'SIGTERM')
      expect(stopped.acknowledged).toBeGreaterThan(500)
      expect(stopped.lost).toBe(0)
    },
  )
})
