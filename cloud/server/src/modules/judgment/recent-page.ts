import type { Clock } from '@jidoka/base'
import type { Database, Reading } from '../../platform/db/database.ts'
import { storableInstant } from '../../platform/db/storable.ts'
import type { PageKey } from '../../platform/paging.ts'
import { pageSpans } from './page-spans.ts'
import { listExecutions } from './repository.ts'
import type { RecentFilter } from './repository.ts'
import type { ExecutionRow } from './schema.ts'

/** A page that is not full after so long ends where it is and says how to go on: who looks for what never comes together does not hold a connection through two years of months. */
const searchMsMax = 1_000
/** Before any other. */
const firstId = '00000000-0000-0000-0000-000000000000'

export interface RecentPage {
  /** One more than asked for, where there are more. */
  readonly rows: ExecutionRow[]
  /** Where a search that took too long goes on; null: there is nothing more than the rows. */
  readonly goesOn: PageKey | null
}

type ReadDatabase = Pick<Database, 'withTenant' | 'reading' | 'readingLagMs'>

/** Mostly the first span of time holds the whole page: it is read in one round trip. */
export async function recentPage(
  { database, clock }: { database: ReadDatabase; clock: Pick<Clock, 'nowMs' | 'monotonicMs'> },
  tenantId: string,
  filter: RecentFilter,
): Promise<RecentPage> {
  const nowMs = clock.nowMs()
  const untilMs = clock.monotonicMs() + searchMsMax
  const ends = [filter.after?.at, filter.to].flatMap((at) => (at == null ? [] : Date.parse(at)))
  const fromMs = filter.from === null ? null : Date.parse(filter.from)
  const [newest, ...older] = pageSpans({ newestMs: Math.min(nowMs, ...ends), fromMs, nowMs })
  // Whoever asks up to a time that is past looks at history; everybody else at what has just come.
  const isHistory = filter.to !== null && Date.parse(filter.to) < nowMs - database.readingLagMs
  const read = <Result>(work: (tx: Reading) => Promise<Result>) =>
    isHistory ? database.reading(tenantId, work) : database.withTenant(tenantId, work)
  const rows = await read((tx) => {
    const asked = listExecutions(tx, filter, newest)
    tx.ends()
    return asked
  })
  if (rows.length > filter.limit || older.length === 0) return { rows, goesOn: null }
  return read(async (tx) => {
    const page = [...rows]
    for (const span of older) {
      if (clock.monotonicMs() >= untilMs && span.toMs !== null)
        return { rows: page, goesOn: { at: storableInstant(span.toMs), id: firstId } }
      page.push(...(await listExecutions(tx, { ...filter, limit: filter.limit - page.length }, span)))
      if (page.length > filter.limit) break
    }
    return { rows: page, goesOn: null }
  })
}
