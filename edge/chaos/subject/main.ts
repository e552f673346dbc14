import './small-limits.ts'
import { createLog, systemClock } from '@jidoka/base'
import { createBroker } from '../../server/src/broker/index.ts'
import { keepingDefaults } from '../../server/src/keeping/policy.ts'
import type { KeepingPolicy } from '../../server/src/keeping/policy.ts'
import { Merger } from '../../server/src/merging/merger.ts'
import { openPipeline, openReader } from '../../server/src/pipeline/index.ts'
import type { OpenPipeline } from '../../server/src/pipeline/index.ts'
import type { Pipeline } from '../../server/src/ports.ts'
import { subjectOptionsSchema, tenantId } from './options.ts'
import type { SubjectWord } from './options.ts'
import { desiredItems, firstDesired } from './desired.ts'

/**
 * The appliance under test as a process: the real journal, rules and broker under the open policy. It says its port and what it found
 * on stdout, stops in order at SIGTERM, and ends when its harness does.
 */
const {
  dataFolder,
  broken,
  keptS,
  desired = firstDesired,
} = subjectOptionsSchema.parse(JSON.parse(process.argv[2] ?? ''))
const log = createLog('chaos', { level: 'fatal', destination: process.stderr })
const say = (word: SubjectWord) => process.stdout.write(`${JSON.stringify(word)}\n`)

const pipeline = await openPipeline({
  dataFolder,
  tenantId,
  log,
  workerFile: new URL(
    broken === 'unsynced' || broken === 'unfilled' ? `./${broken}-worker.ts` : './journal-worker.ts',
    import.meta.url,
  ),
  keeping: keepingPolicy(),
})
pipeline.onStoreProblem((problem) => say({ problem }))
const reader = openReader({ dataFolder })
const position = reader.desiredPosition()?.offset
// The first rules are there before the first reading; those of a later change come while readings do, as from a cloud.
if (position === undefined) await putInForce()
const isChange = position !== undefined && position !== String(desired.turn)
const broker = createBroker({
  port: 0,
  host: '127.0.0.1',
  policy: 'open',
  authenticate: () => null,
  pipeline: broken === 'early' ? acknowledgingEarly(pipeline) : pipeline,
  reader,
  log,
})
pipeline.onCommitted((committed) => {
  broker.publishAlarms(committed.alarms, committed.recordsSeq)
  broker.publishVerdicts(committed.verdicts)
  broker.publishEveryVerdict(committed.verdictPackets)
})
await broker.start()
broker.restoreVerdicts(reader.standingVerdicts())
const merger = new Merger({
  dataFolder,
  pipeline,
  hasCloud: false,
  clock: systemClock,
  log,
  onDamaged: ({ firstSeq }) => void pipeline.reportDamage({ lane: 'readings', firstSeq }),
  workerFile: new URL('./merge-worker.ts', import.meta.url),
})
await merger.start()
process.once('SIGTERM', () => void stop())
process.stdin.on('end', () => process.exit(1)).resume()
say({ port: broker.port, found: pipeline.found })
const listeningMs = performance.now()
if (isChange) await putInForce()
say({ inForce: { tookMs: isChange ? performance.now() - listeningMs : null } })

async function putInForce(): Promise<void> {
  await pipeline.applyDesired({
    upserts: desiredItems(desired),
    removals: [],
    replaceAll: true,
    position: { handle: 'chaos', offset: String(desired.turn) },
  })
}

async function stop(): Promise<void> {
  await merger.stop()
  await broker.stop()
  await pipeline.stop()
  reader.close()
  process.exit(0)
}

function keepingPolicy(): KeepingPolicy {
  const days = Object.keys(keepingDefaults.days).map((name) => [name, keptS === null ? 36_500 : keptS / 86_400])
  return {
    days: Object.fromEntries(days) as KeepingPolicy['days'],
    // The disk of whoever runs this may be nearly full; `disk-full` makes its own.
    highWaterPercent: 100,
    bytesMax: null,
    reserveBytes: 256 * 1024,
    hasCloud: false,
  }
}

/** What a broker does that answers from memory. */
function acknowledgingEarly(whole: OpenPipeline): Pipeline {
  const ingest: Pipeline['ingest'] = (message, done) => {
    whole.ingest(message, () => {})
    queueMicrotask(() => done(null))
  }
  return new Proxy(whole, {
    get(target, name) {
      if (name === 'ingest') return ingest
      const member: unknown = Reflect.get(target, name, target)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
}
