import { join } from 'node:path'
import { edgeNodeArguments, edgeNodeEnvironment } from '../../edge/server/node-arguments.mjs'
import { root } from './places.mjs'

/** Tests in a browser, started past the bootstrap, build the pages for themselves, once a file. */
const pagesBuilt = { JIDOKA_PAGES_BUILT: '1' }

/** What package.json's scripts call: the program, and whether it needs the built pages. */
export const commands = {
  start: { program: 'scripts/start/main.ts', pages: true },
  'start:edge': {
    program: 'edge/server/src/main.ts',
    nodeArguments: edgeNodeArguments,
    environment: edgeNodeEnvironment(join(root, '.jidoka', 'compile-cache')),
    pages: true,
  },
  'start:cloud': {
    program: 'cloud/server/src/main.ts',
    environment: { NODE_COMPILE_CACHE: join(root, '.jidoka', 'compile-cache') },
    pages: true,
  },
  'start:simulator': { program: 'edge/simulator/src/main.ts' },
  jidoka: { program: 'edge/server/src/cli/main.ts' },
  test: { program: 'scripts/test/main.ts', pages: true, environment: pagesBuilt },
  'test:long': { program: 'scripts/test/main.ts', arguments: ['--long'], pages: true, environment: pagesBuilt },
  check: { program: 'scripts/check.ts', pages: true },
  'check:api': { program: 'scripts/check-api/main.ts' },
  format: { program: 'scripts/check.ts', arguments: ['--format'] },
  bench: { program: 'scripts/bench/main.ts', pages: true },
  'verify:rules': { program: 'shared/rules/verify.ts' },
  newcomer: { program: 'scripts/newcomer/main.ts' },
  simulate: { program: 'sync/simulation/src/cli.ts' },
  chaos: { program: 'edge/chaos/main.ts' },
}
