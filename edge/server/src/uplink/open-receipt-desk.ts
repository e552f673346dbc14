import type { Clock, Log } from '@jidoka/base'
import type { JournalReader } from '../ports.ts'
import { WorkerClient } from '../threads/worker-client.ts'
import type { EdgeIdentity } from './identity.ts'
import { ReceiptDesk } from './receipt-desk.ts'
import type { ReceiptFunctions } from './receipt-worker.ts'

/** The desk of a data folder with the thread that counts for it. */
export function openReceiptDesk(parts: {
  readonly dataFolder: string
  readonly reader: Pick<JournalReader, 'epoch' | 'receiptHistory'>
  readonly identity: Pick<EdgeIdentity, 'enrolled'>
  readonly clock: Clock
  readonly log: Log
}): { readonly desk: ReceiptDesk; readonly stop: () => Promise<void> } {
  const { dataFolder, ...rest } = parts
  const worker = new WorkerClient<ReceiptFunctions>({
    name: 'receipts',
    url: new URL('./receipt-worker.ts', import.meta.url),
    data: { dataFolder },
    log: parts.log,
    waitingMax: 4,
    idleMsMax: 60_000,
  })
  const desk = new ReceiptDesk({
    ...rest,
    verifyOne: (question) => worker.call('one', question),
    verifyMore: (question) => worker.call('more', question),
  })
  const stop = async (): Promise<void> => {
    desk.stop()
    await worker.stop()
  }
  return { desk, stop }
}
