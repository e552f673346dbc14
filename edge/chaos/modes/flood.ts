import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Appliance } from '../appliance.ts'
import { Comparison } from '../compare/comparison.ts'
import { Tally } from '../report.ts'
import type { Outcome } from '../report.ts'
import { pause } from '../until.ts'
import { Crowd } from './crowd.ts'
import { floodFaults, percentile } from './flood-bounds.ts'
import type { ModeOptions } from './mode.ts'

const clients = fileURLToPath(new URL('./flood-clients.ts', import.meta.url))

const connections = 200
/** What a well-behaved device sends. */
const rateMax = 100
const calmForMs = 1_500
const floodForMs = 4_000

/**
 * 200 clients at full speed, of giant packets, of nonsense, that read nothing; beside them well-behaved publishers with
 * their own record. They lose nothing, wait no longer than fair shares allow, and the appliance does not grow without bound.
 */
export async function flood({ runs, seed, folders, broken, say }: ModeOptions): Promise<Outcome> {
  const tally = new Tally()
  const notes: string[] = []
  for (let run = 1; run <= runs && tally.failures.length === 0; run++) {
    const folder = folders.new('flood')
    const where = `seed ${seed}, run ${run}, folder ${folder}`
    const appliance = new Appliance({ dataFolder: folder, broken, keptS: null })
    const crowd = new Crowd({ rateMax })
    try {
      const { port } = await appliance.opened()
      await crowd.connect(port)
      const calm = await latencies(crowd, calmForMs)
      const hostile = spawn(process.execPath, [clients, String(port), String(connections), String(seed + run)], {
        stdio: ['pipe', 'ignore', 'ignore'],
      })
      const resident = watchResident(appliance.pid)
      let rough: number[]
      try {
        rough = await latencies(crowd, floodForMs)
      } finally {
        hostile.kill('SIGKILL')
        resident.stop()
      }
      if (appliance.hasEnded) throw new Error(`the appliance ended: ${appliance.errors}`)
      const note = `p99 ${percentile(calm, 0.99).toFixed(0)} ms calm, ${percentile(rough, 0.99).toFixed(0)} ms flooded (p50 ${percentile(calm, 0.5).toFixed(1)}, ${percentile(rough, 0.5).toFixed(1)}), ${rough.length} acknowledged meanwhile, at most ${(resident.bytesMax() / 2 ** 20).toFixed(0)} MB resident`
      notes.push(note)
      say(note)
      for (const fault of floodFaults({ calmMs: calm, floodedMs: rough, residentBytes: resident.bytesMax() }))
        tally.fail(`${where}: ${fault}`)
      if (!crowd.publishers.every(({ isConnected }) => isConnected))
        tally.fail(`${where}: a well-behaved publisher was disconnected`)
      if (!(await crowd.settle())) tally.fail(`${where}: what was under way was never acknowledged`)
      crowd.disconnect()
      await appliance.stop()
      tally.add(new Comparison({ othersPrefix: 'FLOOD/', replays: false }).look(folder, crowd.ledgers, true), where)
    } catch (error) {
      tally.fail(`${where}: ${error instanceof Error ? error.message : String(error)}`)
    } finally {
      crowd.disconnect()
      await appliance.kill()
    }
    if (tally.failures.length === 0) folders.remove(folder)
  }
  return tally.outcome({ name: 'flood', runs, blows: runs, seed, note: notes.at(-1) ?? '' })
}

async function latencies(crowd: Crowd, forMs: number): Promise<number[]> {
  const all: number[] = []
  for (const publisher of crowd.publishers) publisher.latenciesMs = all
  await pause(forMs)
  for (const publisher of crowd.publishers) publisher.latenciesMs = null
  return all
}

/** Samples the resident memory of a process. */
function watchResident(pid: number): { bytesMax(): number; stop(): void } {
  let bytesMax = 0
  const timer = setInterval(() => {
    try {
      const found = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
      bytesMax = Math.max(bytesMax, Number(found?.[1] ?? 0) * 1_024)
    } catch {
      // It has ended; whoever waits for it says so.
      clearInterval(timer)
    }
  }, 50)
  return { bytesMax: () => bytesMax, stop: () => clearInterval(timer) }
}
