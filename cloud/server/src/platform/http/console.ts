import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { serveStatic } from '@hono/node-server/serve-static'
import type { App } from './app.ts'

/** Paths of programs, also with a slash too many: what is not there is a problem and not the console. */
const programPaths = /^\/+(api|bff|internal|sync|v1|health|ready|metrics|openapi\.json|docs)(\/|$)/

/** Serves the built console; every other address is one of its pages, which it routes itself. Without the folder `/` says what is missing. */
export function addConsole(app: App, folder: string): void {
  if (!existsSync(join(folder, 'index.html'))) {
    app.get('/', (c) => c.text('The console is not built. The API is described at /docs.'))
    return
  }
  const files = serveStatic({
    root: folder,
    precompressed: true,
    // The build puts a digest into the names below /assets; a name never changes what it says.
    onFound: (path, c) =>
      c.header('cache-control', path.includes('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache'),
  })
  const index = serveStatic({
    path: join(folder, 'index.html'),
    precompressed: true,
    onFound: (_, c) => c.header('cache-control', 'no-cache'),
  })
  app.get('*', (c, next) => (programPaths.test(c.req.path) ? next() : files(c, next)))
  app.get('*', (c, next) => (programPaths.test(c.req.path) ? next() : index(c, next)))
}
