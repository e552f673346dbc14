import { createLog } from '@jidoka/base'
import type { Inbound } from '../../ports.ts'
import { openPipeline } from '../index.ts'
import { publishes, publishesCount } from './publishes.ts'

/** Stores publishes and dies without a word when half of them are on disk and none was acknowledged. Its argument is the data folder. */
const pipeline = await openPipeline({
  dataFolder: process.argv[2] ?? '',
  tenantId: 'acme',
  log: createLog('killed', { level: 'fatal' }),
})
let committed = 0
const store = (message: Inbound) =>
  new Promise<void>((resolve) =>
    pipeline.ingest(message, () => {
      if (++committed === publishesCount / 2) process.kill(process.pid, 'SIGKILL')
      resolve()
    }),
  )
// Many small commits: the kill comes between two of them.
for (let from = 0; from < publishesCount; from += 100)
  await Promise.all(
    publishes(false)
      .slice(from, from + 100)
      .map(store),
  )
