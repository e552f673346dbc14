import { globSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { expect, test } from 'vitest'

const root = new URL('../../../', import.meta.url)
const spec = readFileSync(new URL('sync/engine/SPEC.md', root), 'utf8')
const sources = new Map(
  globSync(['sync/{engine,protocol,simulation}/src/**/*.test.ts', 'edge/server/src/{uplink,courier,store}/*.test.ts'], {
    cwd: root,
  }).map((path) => [basename(path, '.ts'), readFileSync(new URL(path, root), 'utf8')]),
)

/** All "file › name" of the document; what follows a name in brackets says more about it. */
const named = [...spec.matchAll(/([a-z.-]+\.test) › ([^;\n]+)/g)].map(([, file = '', name = '']) => ({
  file,
  name: name
    .replace(/\s*\(.*$/, '')
    .replace(/\.$/, '')
    .trim(),
}))

test('every test that SPEC.md names exists', () => {
  expect(named.length).toBeGreaterThan(40)
  const missing = named.filter(({ file, name }) => sources.get(file)?.includes(name) !== true)
  expect(missing).toEqual([])
})

test('every invariant of SPEC.md has its number, in order, and at least one test', () => {
  const invariants =
    spec
      .split('## Invariants')[1]
      ?.split('## The shell')[0]
      ?.split(/^(?=\*\*S\d+\.)/m)
      .slice(1) ?? []
  expect(invariants.map((text) => Number(/^\*\*S(\d+)\./.exec(text)?.[1]))).toEqual(
    invariants.map((_, index) => index + 1),
  )
  for (const text of invariants) expect(text).toMatch(/\*Enforced by\* [a-z.-]+\.test › /)
})
