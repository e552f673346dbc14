import { watch } from 'node:fs'
import { Appliance } from '../appliance.ts'
import { Comparison } from '../compare/comparison.ts'
import type { Findings } from '../compare/findings.ts'
import { pulse, publisherKinds } from '../publisher/kinds.ts'
import { Draws } from '../random.ts'
import { Tally } from '../report.ts'
import type { Outcome } from '../report.ts'
import type { SubjectOptions } from '../subject/options.ts'
import { pause } from '../until.ts'
import { Crowd } from './crowd.ts'
import { DesiredChanges } from './desired-changes.ts'
import type { ModeOptions } from './mode.ts'
import { makeOldFolder } from './old-folder.ts'

/** Messages a second of each publisher: what is compared afterwards is read in a second, and the publishers leave the appliance a core. */
const rateMax = 1_500

/** A folder is left for a new one after so many kills: an old store and a new one are both killed often. */
const killsPerFolder = 50

/** Kills between two looks at the store, or so much time if it comes first. */
const killsPerLook = 5
const lookEveryMs = 8_000

/** Starts at which an older store is killed, while it is brought up to date. */
const firstStarts = 3

/** Readings go so soon that retention is at work in most lives, and not before a look has seen them: see `keptFor`. */
const keptS = 25

/** When the blow falls. Each is seen often; those behind the first are where a store is most easily left half done. */
const instants = [
  'while it runs',
  'while it runs',
  'while it runs',
  'while it runs',
  'when a file is renamed or removed',
  'when a file is renamed or removed',
  'while it starts',
  'while it starts',
  'while rules are put in force',
] as const

/** How long things took the last time: what is killed in the middle must be killed in each part of it, however fast the machine is. */
interface Took {
  startMs: number
  changeMs: number
}

/**
 * SIGKILL at random instants. The publishers go on through all lives; at every look nothing acknowledged may be missing,
 * nothing stored twice, no sequence broken, and every verdict must come out again.
 */
export async function kill({ runs, seed, folders, broken, say }: ModeOptions): Promise<Outcome> {
  const draws = new Draws(seed)
  const tally = new Tally()
  let killed = 0
  const seenInstants = new Map<string, number>()
  const took: Took = { startMs: 800, changeMs: 1_500 }
  while (killed < runs && tally.failures.length === 0) {
    const folder = folders.new('kill')
    let lookedAtMs = performance.now()
    const comparison = new Comparison()
    const old = draws.chance(0.5) ? [makeOldFolder(folder)] : []
    const crowd = new Crowd({ rateMax, kinds: [...publisherKinds, pulse] })
    const changes = new DesiredChanges()
    const inFolder = Math.min(killsPerFolder, runs - killed)
    const where = () => `seed ${seed}, kill ${killed}, folder ${folder}`
    const options = () => ({ dataFolder: folder, broken, keptS: keptFor(lookedAtMs), desired: changes.last })
    const look = (stoppedInOrder: boolean): Findings => {
      const findings = comparison.look(folder, [...crowd.ledgers, ...old], stoppedInOrder)
      return { ...findings, faults: [...findings.faults, ...changes.faults(folder, stoppedInOrder)] }
    }
    for (let kills = 1; kills <= inFolder; kills++) {
      const instant = old.length > 0 && kills <= firstStarts ? 'while it starts' : draws.pick(instants)
      seenInstants.set(instant, (seenInstants.get(instant) ?? 0) + 1)
      if (instant === 'while rules are put in force') changes.next(draws)
      await oneLife(options(), crowd, instant, took, draws)
      killed++
      const isDue = kills % killsPerLook === 0 || performance.now() > lookedAtMs + lookEveryMs
      if (!isDue && kills !== inFolder) continue
      // Now and then the store is looked at as the kill has left it: what is acknowledged must not wait for a repair.
      if (kills > firstStarts && kills !== inFolder && draws.chance(0.4)) {
        tally.add(look(false), where())
        lookedAtMs = performance.now()
        if (tally.failures.length > 0) break
        continue
      }
      const appliance = new Appliance(options())
      try {
        const { port } = await appliance.opened()
        took.changeMs = (await appliance.inForce()).tookMs ?? took.changeMs
        if (kills === inFolder) {
          // The last one: what is under way comes to its end, and the stop is in order, so that verdicts can be counted.
          if (!(await crowd.connect(port))) tally.fail(`${where()}: the publishers could not connect`)
          if (!(await crowd.settle())) tally.fail(`${where()}: what was under way was never acknowledged`)
          crowd.disconnect()
        }
        await appliance.stop()
      } catch (error) {
        tally.fail(`${where()}: ${error instanceof Error ? error.message : String(error)}`)
        await appliance.kill()
        break
      }
      const findings = look(true)
      tally.add(findings, where())
      lookedAtMs = performance.now()
      say(`${killed} kills, ${findings.readings} readings, ${findings.records} records`)
      if (tally.failures.length > 0) break
    }
    crowd.disconnect()
    if (tally.failures.length === 0) folders.remove(folder)
  }
  const note = [...seenInstants].map(([instant, count]) => `${count} ${instant}`).join(', ')
  return tally.outcome({ name: 'kill', runs: killed, blows: killed, seed, note })
}

/** What nobody has looked at yet is kept through the next life, and longer where the lives before it have taken long: so may this one. */
const keptFor = (lookedAtMs: number): number => keptS + (2 * (performance.now() - lookedAtMs)) / 1_000

async function oneLife(
  options: SubjectOptions,
  crowd: Crowd,
  instant: (typeof instants)[number],
  took: Took,
  draws: Draws,
): Promise<void> {
  const lifeMs = draws.between(30, 700)
  const part = draws.between(0.1, 1.1)
  const startedMs = performance.now()
  const appliance = new Appliance(options)
  try {
    if (instant === 'while it starts') {
      await pause(took.startMs * part)
      return
    }
    const { port } = await appliance.opened()
    took.startMs = performance.now() - startedMs
    crowd.resume()
    const connected = crowd.connect(port)
    if (instant === 'while rules are put in force') {
      // From the beginning of the change on, and not of the connections: its first slices fill windows, some tenth of the whole.
      await pause(took.changeMs * (part - 0.1) * (draws.chance(0.4) ? 0.1 : 1))
      return
    }
    await connected
    if (instant === 'while it runs') await pause(lifeMs)
    else await Promise.race([fileChange(options.dataFolder), pause(lifeMs * 2)])
  } finally {
    await appliance.kill()
    crowd.disconnect()
  }
}

/** Resolves when a file of the folder is made, renamed or removed. */
function fileChange(folder: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const watcher = watch(folder, { recursive: true, persistent: false }, (event) => {
    if (event === 'rename') resolve()
  })
  watcher.on('error', () => resolve())
  return promise.finally(() => watcher.close())
}
