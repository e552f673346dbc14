import { systemClock } from '@jidoka/base'
import { recentPage } from '../../../cloud/server/src/modules/judgment/recent-page.ts'
import type { RecentFilter } from '../../../cloud/server/src/modules/judgment/repository.ts'
import { Database } from '../../../cloud/server/src/platform/db/database.ts'
import { noFilter, planOfPage } from '../../../cloud/server/src/testing/page-plans.ts'
import type { PlanNode } from '../../../cloud/server/src/testing/page-plans.ts'
import type { PostgresServer, TestStore } from '../../../cloud/server/src/testing/stores.ts'
import type { BenchRow } from '../harness.ts'
import { median } from '../harness.ts'
import { edgeId, tenantName, writeHistory } from './cloud-history.ts'
import type { History } from './cloud-history.ts'
import { judgments, months, ofAlone, ofMany, ofOne, tenants as tenantsOfMany } from './cloud-size.ts'

/** So many pages are read for a figure, of one tenant after another. */
const pagesRead = 101

const dayMs = 24 * 3_600_000
const instant = (daysAgo: number) => new Date(Date.now() - daysAgo * dayMs).toISOString()
/** A day of the month so many months ago: which partitions a page meets does not depend on the day of the run. */
const dayOf = (monthsAgo: number, day: number) => {
  const now = new Date()
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - monthsAgo, day)).toISOString()
}

/** What a person narrows the page by: pages of a tenant of any size are full. */
const filters: Readonly<Record<string, Partial<RecentFilter>>> = {
  rule: { ruleId: 'rule-5' },
  line: { line: 'LINE-2' },
  edge: { edgeId: edgeId(3) },
  'two months': { from: dayOf(2, 15), to: dayOf(1, 15) },
  'behind a cursor': { after: { at: instant(70), id: edgeId(0) } },
}
/** What is so rare that a small tenant's page is looked for in many months, or in all: it reads more of them than that of a large tenant. */
const rare: Readonly<Record<string, Partial<RecentFilter>>> = {
  abnormal: { abnormal: true },
  status: { status: 'CRITICAL' },
}
const all = { ...filters, ...rare }
const yearAgo: Partial<RecentFilter> = { from: dayOf(12, 1), to: dayOf(11, 1) }
const ofYearAgo: Readonly<Record<string, Partial<RecentFilter>>> = {
  rule: { ruleId: 'rule-5', ...yearAgo },
  line: { line: 'LINE-2', ...yearAgo },
  edge: { edgeId: edgeId(3), ...yearAgo },
  abnormal: { abnormal: true, ...yearAgo },
  status: { status: 'CRITICAL', ...yearAgo },
}

/**
 * Pages of the history of one tenant, of many tenants with as many judgments in all, and of one that has no more than each of the many: with that a page is compared that the small
 * tenant finds in more months than the large one, as both then read the same rows of the same months. Written when the first row asks for it.
 */
export function pageRows(server: PostgresServer): { rows: BenchRow[]; close(): Promise<void> } {
  const stores: TestStore[] = []
  const pagesOf = async (history: Omit<History, 'months'>): Promise<Pages> => {
    const store = await server.newStore()
    stores.push(store)
    await writeHistory(store, { ...history, months })
    return new Pages(store, history.tenants)
  }
  const write = async () => ({
    one: await pagesOf({ judgments, tenants: 1 }),
    many: await pagesOf({ judgments, tenants: tenantsOfMany }),
    alone: await pagesOf({ judgments: judgments / tenantsOfMany, tenants: 1 }),
  })
  let written: ReturnType<typeof write> | undefined
  const pages = () => (written ??= write())
  return {
    rows: [
      {
        name: `recent page, ${ofOne}, ms`,
        unit: 'ms',
        subject: async () => (await pages()).one.read(noFilter),
      },
      {
        name: `filtered page, the slowest of seven filters, ${ofOne}, ms`,
        unit: 'ms',
        subject: async () => (await pages()).one.slowest(all),
      },
      {
        name: `filtered page of the month a year ago, the slowest of five filters, ${ofOne}, ms`,
        unit: 'ms',
        subject: async () => (await pages()).one.slowest(ofYearAgo),
      },
      {
        name: 'partitions of judgments read for a page that begins in one month and ends in the next',
        unit: 'partitions',
        subject: async () => (await (await pages()).one.plan({ ...noFilter, ...filters['two months'] })).partitions,
      },
      {
        name: 'sequential scans for pages of any month',
        unit: 'scans',
        subject: async () => {
          const { one } = await pages()
          let scans = 0
          for (const filter of [{}, ...Object.values(all), ...Object.values(ofYearAgo)])
            scans += (await one.plan({ ...noFilter, ...filter })).sequentialScans
          return scans
        },
      },
      {
        name: `recent page, ${ofMany}, against 1 tenant`,
        unit: 'ms',
        subject: async () => (await pages()).many.read(noFilter),
        peer: async () => (await pages()).one.read(noFilter),
      },
      {
        name: `filtered page, the slowest of five that are full, ${ofMany}, against 1 tenant`,
        unit: 'ms',
        subject: async () => (await pages()).many.slowest(filters),
        peer: async () => (await pages()).one.slowest(filters),
      },
      {
        name: `filtered page by what is rare, the slower of two, ${ofMany}, against 1 tenant`,
        unit: 'ms',
        subject: async () => (await pages()).many.slowest(rare),
        peer: async () => (await pages()).one.slowest(rare),
      },
      {
        name: `filtered page by what is rare, the slower of two, ${ofMany}, against ${ofAlone}`,
        unit: 'ms',
        subject: async () => (await pages()).many.slowest(rare),
        peer: async () => (await pages()).alone.slowest(rare),
      },
      {
        name: `filtered page, the slowest of seven filters, ${ofMany}, ms`,
        unit: 'ms',
        subject: async () => (await pages()).many.slowest(all),
      },
      {
        name: `filtered page of the month a year ago, the slowest of five filters, ${ofMany}, ms`,
        unit: 'ms',
        subject: async () => (await pages()).many.slowest(ofYearAgo),
      },
    ],
    close: async () => {
      for (const store of stores) await store.close()
    },
  }
}

/** Of a partition with rows: the default one is empty, and no index is quicker than nothing. */
const isSequential = (node: PlanNode): boolean =>
  node['Node Type'] === 'Seq Scan' && node['Relation Name']?.endsWith('_default') === false

/** Pages of a store as the program reads them: as the tenant, with the policies in force. */
class Pages {
  readonly #database: Database
  readonly #tenants: number
  #turn = 0

  constructor({ backend }: TestStore, tenants: number) {
    this.#database = new Database(backend, { clock: systemClock })
    this.#tenants = tenants
  }

  /** Milliseconds of a transaction that reads one page. */
  async read(filter: RecentFilter): Promise<number> {
    const tookMs: number[] = []
    for (let page = 0; page < pagesRead; page++) {
      const tenantId = tenantName((this.#turn++ * 37) % this.#tenants)
      const startMs = performance.now()
      const { rows } = await recentPage({ database: this.#database, clock: systemClock }, tenantId, filter)
      tookMs.push(performance.now() - startMs)
      if (rows.length === 0 && this.#tenants === 1) throw new Error(`nothing is found by ${JSON.stringify(filter)}`)
    }
    return median(tookMs)
  }

  async slowest(of: Readonly<Record<string, Partial<RecentFilter>>>): Promise<number> {
    let slowestMs = 0
    for (const filter of Object.values(of)) slowestMs = Math.max(slowestMs, await this.read({ ...noFilter, ...filter }))
    return slowestMs
  }

  /** What PostgreSQL means to do for a page. */
  async plan(filter: RecentFilter): Promise<{ partitions: number; sequentialScans: number }> {
    const nodes = await planOfPage({ database: this.#database, clock: systemClock }, tenantName(0), filter)
    return {
      partitions: new Set(nodes.flatMap((node) => node['Relation Name'] ?? [])).size,
      sequentialScans: nodes.filter(isSequential).length,
    }
  }
}
