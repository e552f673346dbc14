/**
 * The direction of dependencies is checked by the linter. A check that cannot fail is worse than none, so bad imports are
 * planted in a small tree beside the real configuration, and each must be refused with the sentence that explains it.
 */
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
let tree: string

const planted: readonly [file: string, source: string, rule: string, sentence: string][] = [
  ['shared/base/src/a.ts', "import '@jidoka/sync-protocol'", 'no-restricted-imports', 'shared/ knows nothing'],
  ['shared/ui/src/a.tsx', "import '../../../cloud/server/src/x.ts'", 'no-restricted-imports', 'shared/ knows nothing'],
  ['shared/domain/src/a.ts', "import 'node:fs'", 'no-restricted-imports', 'also runs in browsers'],
  ['shared/contract/src/a.ts', "import '@jidoka/base'", 'no-restricted-imports', 'also runs in browsers'],
  ['sync/protocol/src/a.ts', "import '@jidoka/edge-server'", 'no-restricted-imports', 'neither edge nor cloud'],
  ['sync/engine/src/a.ts', "import 'node:fs'", 'no-restricted-imports', 'no I/O'],
  ['sync/engine/src/b.ts', 'export const at = Date.now()', 'no-restricted-globals', 'time is an input'],
  ['edge/server/src/a.ts', "import '@jidoka/cloud-server'", 'no-restricted-imports', 'never import each other'],
  [
    'edge/simulator/src/a.ts',
    "import '../../../cloud/server/src/main.ts'",
    'no-restricted-imports',
    'never import each other',
  ],
  ['cloud/server/src/a.ts', "import '@jidoka/edge-server'", 'no-restricted-imports', 'never import each other'],
  ['edge/web/src/a.tsx', "import '@jidoka/sync-engine'", 'no-restricted-imports', 'imports shared/ only'],
  ['cloud/console/src/a.tsx', "import '@jidoka/base'", 'no-restricted-imports', 'imports shared/ only'],
  [
    'edge/server/src/env.ts',
    'export const home = process.env',
    'no-restricted-properties',
    'one reader of process.env',
  ],
]

interface Finding {
  readonly code: string
  readonly message: string
  readonly help?: string
  readonly filename: string
}
let diagnostics: readonly Finding[]
beforeAll(() => {
  tree = mkdtempSync(join(tmpdir(), 'jidoka-boundaries-'))
  copyFileSync(join(root, '.oxlintrc.json'), join(tree, '.oxlintrc.json'))
  const plant = (file: string, source: string) => {
    mkdirSync(dirname(join(tree, file)), { recursive: true })
    writeFileSync(join(tree, file), `${source}\n`)
  }
  for (const [file, source] of planted) plant(file, source)
  plant('sync/protocol/src/c1.ts', "import type { B } from './c2.ts'\nexport type A = { b: B }")
  plant('sync/protocol/src/c2.ts', "import type { A } from './c1.ts'\nexport type B = { a: A } | null")
  plant('edge/server/src/good.ts', "export { x } from '@jidoka/sync-protocol'")
  const linter = join(root, 'node_modules', '.bin', 'oxlint')
  const { stdout } = spawnSync(linter, ['--format=json'], { cwd: tree, encoding: 'utf8' })
  diagnostics = (JSON.parse(stdout) as { diagnostics: Finding[] }).diagnostics
})
afterAll(() => rmSync(tree, { recursive: true }))

const findings = (file: string) =>
  diagnostics
    .filter(({ filename }) => filename === file)
    .map(({ code, message, help }) => `${code}: ${message} ${help ?? ''}`)
    .join('\n')

test.each(planted)('%s: %s is refused', (file, _source, rule, sentence) => {
  const found = findings(file)
  expect(found).toContain(rule)
  expect(found).toContain(sentence)
})

test('a circle of imports is refused, also one of types', () => {
  expect(findings('sync/protocol/src/c1.ts')).toContain('no-cycle')
})

test('an import in the right direction passes', () => {
  expect(findings('edge/server/src/good.ts')).toBe('')
})
