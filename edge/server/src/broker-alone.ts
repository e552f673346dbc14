import { systemClock } from '@jidoka/base'
import type { Log } from '@jidoka/base'
import { createBroker } from './broker/index.ts'
import type { Broker, BrokerOptions } from './broker/index.ts'
import { DeadLetterWarnings } from './dead-letter-warnings.ts'
import { keepingDefaults } from './keeping/policy.ts'
import { Merger } from './merging/merger.ts'
import { openPipeline, openReader } from './pipeline/index.ts'
import type { OpenPipeline } from './pipeline/index.ts'

export interface BrokerAloneOptions extends Pick<BrokerOptions, 'host' | 'port' | 'ws' | 'version'> {
  readonly dataFolder: string
  readonly tenantId: string
  readonly log: Log
  /** See `PipelineOptions.onFailure`. */
  readonly onFailure?: (error: Error) => void
}

export interface BrokerAlone {
  readonly broker: Broker
  readonly pipeline: OpenPipeline
  readonly stop: () => Promise<void>
}

/**
 * Broker and journal without the rest of the appliance, open to anybody: for integrators' tests, conformance runs and
 * benchmarks. What is acknowledged is as durable as on an appliance, and is merged and kept in the same way.
 * @throws JournalOpenError, FolderInUseError, OperationalError when the port is taken
 */
export async function startBrokerAlone(options: BrokerAloneOptions): Promise<BrokerAlone> {
  const { dataFolder, tenantId, log, onFailure, ...listeners } = options
  const stops: (() => unknown)[] = []
  const stop = async (): Promise<void> => {
    for (const each of stops.splice(0).toReversed()) await each()
  }
  try {
    const pipeline = await openPipeline({
      dataFolder,
      tenantId,
      log,
      keeping: { ...keepingDefaults, bytesMax: null, hasCloud: false },
      ...(onFailure === undefined ? {} : { onFailure }),
    })
    stops.push(() => pipeline.stop())
    const reader = openReader({ dataFolder })
    stops.push(() => reader.close())
    const broker = createBroker({ ...listeners, policy: 'open', authenticate: () => null, pipeline, reader, log })
    const warnings = new DeadLetterWarnings(systemClock, log)
    stops.push(() => warnings.stop())
    stops.push(
      pipeline.onCommitted((committed) => {
        warnings.note(committed.deadLetters)
        broker.publishAlarms(committed.alarms, committed.recordsSeq)
        broker.publishVerdicts(committed.verdicts)
        broker.publishEveryVerdict(committed.verdictPackets)
      }),
    )
    await broker.start()
    stops.push(() => broker.stop())
    broker.restoreVerdicts(reader.standingVerdicts())
    const merger = new Merger({
      dataFolder,
      pipeline,
      hasCloud: false,
      clock: systemClock,
      log,
      onDamaged: ({ firstSeq }) => {
        pipeline
          .reportDamage({ lane: 'readings', firstSeq })
          .catch((error: unknown) =>
            log.error({ action: 'report_damage', firstSeq, err: error }, 'damage was not set aside'),
          )
      },
    })
    await merger.start()
    stops.push(() => merger.stop())
    return { broker, pipeline, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
