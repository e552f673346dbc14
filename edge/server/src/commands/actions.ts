import type { Clock, Log } from '@jidoka/base'
import { OperationalError } from '@jidoka/base'
import type { CommandResult } from '@jidoka/domain'
import type { RangeRepair } from '../ports.ts'
import { WorkerClient } from '../threads/worker-client.ts'
import type { SupportBundle } from './bundle/support-bundle.ts'
import { keepBundle } from './bundle/bundle-folder.ts'
import { uploadBundle } from './bundle/upload-bundle.ts'
import type { LineNow } from './bundle/upload-bundle.ts'
import type { CommandActions } from './command-runner.ts'
import type { RehearsalFunctions } from './rehearsal/rehearsal-worker.ts'

export interface CommandActionsOptions {
  readonly dataFolder: string
  readonly clock: Clock
  readonly log: Log
  readonly makeBundle: () => Promise<SupportBundle>
  readonly lineNow: LineNow
  /** Null while there is no line to the cloud. */
  readonly rangeRepair: () => RangeRepair | null
}

/** What this appliance can do on command. */
export function commandActions(options: CommandActionsOptions): CommandActions {
  const { dataFolder, clock, log, makeBundle, lineNow, rangeRepair } = options
  return {
    async support_bundle(_what, { id, signal }): Promise<CommandResult> {
      const { bytes, sha256, files } = await makeBundle()
      const file = keepBundle(dataFolder, bytes, clock.nowMs())
      await uploadBundle(lineNow, { id, bytes: new Uint8Array(bytes), clock, signal })
      return { file, bytes: bytes.length, sha256, files }
    },

    resend({ lane, from_seq: fromSeq, to_seq: toSeq }): Promise<CommandResult> {
      if (fromSeq > toSeq)
        throw new OperationalError(
          `There is nothing from number ${fromSeq} to ${toSeq}. Give the smaller number first.`,
        )
      const repair = rangeRepair()
      if (repair === null)
        throw new OperationalError(
          'This appliance has no line to the cloud, so nothing can be sent again. Issue the command again when it has.',
        )
      return repair.resend(lane, fromSeq, toSeq)
    },

    async rehearsal({ rule, from_ms: fromMs, to_ms: toMs }, { signal }): Promise<CommandResult> {
      // A thread for one rehearsal: ended with it, so that one that is given up stops working.
      const worker = new WorkerClient<RehearsalFunctions>({
        name: 'rehearsal',
        url: new URL('./rehearsal/rehearsal-worker.ts', import.meta.url),
        data: { dataFolder },
        log,
        waitingMax: 1,
      })
      const end = () => void worker.stop()
      signal.addEventListener('abort', end, { once: true })
      try {
        return await worker.call('rehearse', { rule, fromMs, toMs })
      } finally {
        signal.removeEventListener('abort', end)
        await worker.stop()
      }
    },
  }
}
