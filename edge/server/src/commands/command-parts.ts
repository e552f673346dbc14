import type { Clock, Log } from '@jidoka/base'
import type { LineToCloud } from '@jidoka/contract'
import { receiptedMs } from './cloud-time.ts'
import type { EdgeConfig } from '../config.ts'
import type { CommandJournal, Pipeline, RangeRepair } from '../ports.ts'
import { schemaText } from '../store/schema-text.ts'
import type { StoreReader } from '../store/journal-reader.ts'
import type { CloudLine } from '../uplink/cloud-line.ts'
import type { EdgeIdentity } from '../uplink/identity.ts'
import { commandActions } from './actions.ts'
import { keepBundle } from './bundle/bundle-folder.ts'
import { knownSecrets } from './bundle/known-secrets.ts'
import { makeSupportBundle } from './bundle/support-bundle.ts'
import type { SupportBundle } from './bundle/support-bundle.ts'
import { CommandRunner } from './command-runner.ts'

export interface CommandPartsOptions {
  readonly config: EdgeConfig
  readonly dataFolder: string
  readonly version: string
  readonly found: string | null
  readonly pipeline: CommandJournal & Pick<Pipeline, 'onCommitted' | 'rules'>
  readonly reader: StoreReader
  readonly identity: EdgeIdentity
  readonly cliToken: string
  readonly metricsText: () => Promise<string>
  readonly lineToCloud: () => LineToCloud
  readonly notReady: () => readonly string[]
  readonly logText: () => string
  /** The line as it is at this moment; null while there is none. */
  readonly lineNow: () => CloudLine | null
  readonly rangeRepair: () => RangeRepair | null
  readonly clock: Clock
  readonly log: Log
}

/** What is done on command, by the cloud and by a person at the appliance. */
export interface CommandParts {
  readonly runner: CommandRunner
  /** Made for a person, and kept beside those of commands. */
  readonly supportBundle: () => Promise<SupportBundle & { readonly file: string }>
}

export function commandParts(options: CommandPartsOptions): CommandParts {
  const { config, dataFolder, pipeline, reader, identity, cliToken, clock, log, lineNow } = options
  const startedMs = clock.nowMs()
  const makeBundle = () =>
    makeSupportBundle(
      {
        ...options,
        startedMs,
        secrets: () => knownSecrets({ config, identity, reader, cliToken }),
        schemaText: () => schemaText(dataFolder),
        rules: () => pipeline.rules(),
        commands: (limit) => reader.commands(limit),
      },
      clock.nowMs(),
    )
  const runner = new CommandRunner({
    journal: pipeline,
    commands: () => reader.openCommands(),
    onCommitted: (listener) => pipeline.onCommitted(listener),
    cloudNowMs: () => Math.max(lineNow()?.cloudNowMs() ?? clock.nowMs(), receiptedMs(reader.receipted())),
    actions: commandActions({ dataFolder, clock, log, makeBundle, lineNow, rangeRepair: options.rangeRepair }),
    clock,
    log,
  })
  return {
    runner,
    async supportBundle() {
      const bundle = await makeBundle()
      return { ...bundle, file: keepBundle(dataFolder, bundle.bytes, clock.nowMs()) }
    },
  }
}
