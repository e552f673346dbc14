import { rmSync } from 'node:fs'
import { loadavg } from 'node:os'
import type { RuleDefinition } from '@jidoka/domain'
import { FlightWriter } from '../src/pipeline/flight.ts'
import { hotRule, newFolder, newRunner } from '../src/pipeline/test-support.ts'
import { Journal } from '../src/pipeline/journal.ts'
import { systemClock } from '@jidoka/base'

/**
 * Judging inside the journal's thread, with its commits and without a broker: `node edge/server/bench/judging.ts [seconds]`.
 * Prints readings and verdicts for each second that the thread had of a core, so that a loaded machine says the same, and memory.
 */
const seconds = Number(process.argv[2] ?? '2')

interface Subject {
  readonly name: string
  readonly sensors: number
  readonly rules: readonly RuleDefinition[]
  readonly isWatched?: boolean
}

const rule = (index: number, sensor: string, change: Partial<RuleDefinition> = {}): RuleDefinition =>
  hotRule({
    id: `rule-${index}`,
    trigger: { on: 'reading', sensor },
    parameters: { high: { value: 90 + index, name: { ko: '상한', en: 'High' } } },
    script: 'if input.value > params.high { verdict("HIGH", 0.95) } else { verdict("NORMAL", 0.8) }',
    examples: [],
    ...change,
  })
const times = (count: number, of: (index: number) => RuleDefinition) =>
  Array.from({ length: count }, (_, index) => of(index))
const broken = (index: number) =>
  rule(1_000 + index, 's0', {
    script: index % 2 === 0 ? 'loop {}' : 'throw "no"',
  })

const subjects: readonly Subject[] = [
  { name: 'no rule', sensors: 50, rules: [] },
  { name: '1 rule on each of 50 sensors', sensors: 50, rules: times(50, (index) => rule(index, `s${index}`)) },
  { name: '1 rule on one sensor', sensors: 1, rules: [rule(0, 's0')] },
  { name: '1 rule on one sensor, every verdict as a packet', sensors: 1, rules: [rule(0, 's0')], isWatched: true },
  { name: '1,000 rules on 1,000 sensors', sensors: 1_000, rules: times(1_000, (index) => rule(index, `s${index}`)) },
  { name: '1,000 rules on one of 50 sensors', sensors: 50, rules: times(1_000, (index) => rule(index, 's0')) },
  { name: '100 rules on one sensor', sensors: 1, rules: times(100, (index) => rule(index, 's0')) },
  {
    name: '100 rules on one sensor beside a runaway and a throwing one',
    sensors: 1,
    rules: [...times(100, (index) => rule(index, 's0')), broken(0), broken(1)],
  },
]

process.stdout.write(`load of the machine ${loadavg()[0]?.toFixed(1)}\n`)
for (const { name, sensors, rules, isWatched = false } of subjects) {
  const folder = newFolder()
  const journal = new Journal({ dataFolder: folder, tenantId: 'acme', clock: systemClock, runner: newRunner() })
  const flights = new FlightWriter()
  journal.apply(null, [
    {
      kind: 'apply_desired',
      change: {
        upserts: rules.map((body) => ({ kind: 'rule', key: body.id, version: 1, body })),
        removals: [],
        replaceAll: false,
        position: { handle: 'bench', offset: '0' },
      },
    },
  ])
  journal.watchVerdicts(isWatched)
  const payloads = Array.from({ length: 64 }, (_, index) => Buffer.from(`{"value":${20 + index / 4},"unit":"C"}`))
  const topics = Array.from({ length: sensors }, (_, index) => `sensor/LINE-A/s${index}`)
  let [readings, verdicts, sent, packetBytes] = [0, 0, 0, 0]
  const startMs = performance.now()
  let judgedMs = 0
  let cpuMs = 0
  while (performance.now() - startMs < seconds * 1_000) {
    for (let index = 0; index < 4_096; index++, sent++) {
      flights.add({
        topic: topics[sent % sensors] as string,
        payload: payloads[sent % payloads.length] as Buffer,
        source: 'bench',
        qos: 1,
      })
    }
    const flight = flights.take()
    const beginMs = performance.now()
    const beginCpu = process.threadCpuUsage()
    const { committed } = journal.apply(flight, [])
    judgedMs += performance.now() - beginMs
    const { user, system } = process.threadCpuUsage(beginCpu)
    cpuMs += (user + system) / 1_000
    flights.giveBack(flight.buffer)
    readings += committed?.counts.readings ?? 0
    packetBytes += committed?.verdictPackets?.bytes.length ?? 0
    for (const each of journal.takeFollowing()) packetBytes += each.verdictPackets?.bytes.length ?? 0
    for (const count of Object.values(committed?.counts.verdictsByStatus ?? {})) verdicts += count
  }
  const perSecond = (count: number) => Math.round(count / (cpuMs / 1_000)).toLocaleString('en')
  process.stdout.write(
    `${name}: ${perSecond(readings)} readings/s, ${perSecond(verdicts)} verdicts/s` +
      `${isWatched ? `, ${perSecond(packetBytes)} bytes of packets/s` : ''}, ${Math.round(process.memoryUsage().rss / 1e6)} MB; the thread had ${Math.round((100 * cpuMs) / judgedMs)} % of a core\n`,
  )
  const beginMs = performance.now()
  journal.sweep()
  process.stdout.write(`  sweep ${(performance.now() - beginMs).toFixed(2)} ms\n`)
  journal.close()
  rmSync(folder, { recursive: true, force: true })
}
