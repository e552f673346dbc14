import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { serveStatic } from '@hono/node-server/serve-static'
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { EdgeEnv } from './context.ts'

const noInterface =
  'The appliance runs without its user interface: no built files were found. Build it, or set "web_folder" (JIDOKA_WEB). The API is at /docs.\n'

/**
 * The built user interface. Files below /assets have a hash in their name and are kept for a year; index.html never, so
 * that an upgrade is seen at the next load. Any other page's address gets index.html: the page reads the URL itself.
 */
export function staticFiles(app: OpenAPIHono<EdgeEnv>, folder: string | undefined): void {
  const index = folder === undefined ? undefined : join(folder, 'index.html')
  if (folder === undefined || index === undefined || !existsSync(index)) {
    app.get('/', (c) => c.text(noInterface, 404))
    return
  }
  const files = serveStatic<EdgeEnv>({ root: folder, precompressed: true })
  app.use('*', async (c, next) => {
    if (!isPage(c.req.path)) return next()
    const found = await files(c, next)
    if (found instanceof Response)
      found.headers.set(
        'cache-control',
        c.req.path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
      )
    return found
  })
  app.get('*', async (c, next) => {
    if (!isPage(c.req.path) || c.req.path.startsWith('/assets/') || /\.[a-z0-9]{1,5}$/.test(c.req.path)) return next()
    return c.html(await readFile(index, 'utf8'), 200, { 'cache-control': 'no-cache' })
  })
}

const isPage = (path: string): boolean => !path.startsWith('/api/')
