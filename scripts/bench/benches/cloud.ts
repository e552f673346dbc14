import type { Bench } from '../harness.ts'
import { pageRows } from './cloud-pages.ts'
import { requestRows, startCloudOfHistory, startCollector } from './cloud-requests.ts'
import { startRows } from './cloud-start.ts'

/** `npm run bench cloud -- --full` pages through ten million judgments, of 1,000 tenants; without it through one million, of 100. */
const judgments = process.argv.includes('--full') ? 10_000_000 : 1_000_000

export const bench: Bench = {
  about: async () => [
    `${judgments.toLocaleString('en')} judgments in 24 months`,
    'traces sent, limits counted, policies in force; the peer is a bare Hono with pg on the same server',
  ],
  async prepare() {
    const collector = await startCollector()
    const cloud = await startCloudOfHistory(collector)
    if (typeof cloud === 'string') {
      await collector.close()
      return cloud
    }
    const requests = requestRows(cloud)
    const starts = startRows(cloud.server)
    const pages = pageRows(cloud.server, judgments)
    return {
      rows: [...requests.rows, ...starts.rows, ...pages.rows],
      close: async () => {
        await pages.close()
        starts.close()
        await requests.close()
        await cloud.close()
        await collector.close()
      },
    }
  },
}
