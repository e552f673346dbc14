import type { Bench } from '../harness.ts'
import { pageRows } from './cloud-pages.ts'
import { requestRows, startCloudOfHistory, startCollector } from './cloud-requests.ts'
import { months, ofMany } from './cloud-size.ts'
import { startRows } from './cloud-start.ts'

export const bench: Bench = {
  about: async () => [
    `pages: ${ofMany} in ${months} months, and as many of one tenant`,
    'ours: signed in, limits counted, policies in force, a tenth of the traces recorded and sent',
    'the peer: a bare Hono with pg on the same server; begin, tenant, the same statement by the same name, commit, each awaited',
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
    const pages = pageRows(cloud.server)
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
