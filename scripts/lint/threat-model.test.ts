import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

// docs/security/threat-model.md says what stands against each threat. A test that was renamed, or a file that has moved, would leave a claim behind that nobody holds.

const root = fileURLToPath(new URL('../..', import.meta.url))
const model = readFileSync(`${root}/docs/security/threat-model.md`, 'utf8')
const sources = new Map<string, string>()
for (const file of globSync('{shared,sync,edge,cloud,scripts}/**/*.{test,cases}.ts', {
  cwd: root,
  exclude: (path) => path.endsWith('node_modules') || path.endsWith('dist'),
})) {
  const name = basename(file, '.ts')
  sources.set(name, (sources.get(name) ?? '') + readFileSync(`${root}/${file}`, 'utf8').replaceAll("\\'", "'"))
}

test('every test that the threat model names exists', () => {
  const named = [...model.matchAll(/([a-z0-9.-]+\.(?:test|cases)) › ([^;|\n]+)/g)].map(([, file = '', name = '']) => ({
    file,
    name: name.trim(),
  }))
  expect(named.length).toBeGreaterThan(80)
  expect(named.filter(({ file, name }) => sources.get(file)?.includes(name) !== true)).toEqual([])
})

test('every file that the threat model names exists', () => {
  const named = [...model.matchAll(/`([a-z]+\/[\w./-]+\.(?:ts|mjs|md|yaml))`/g)].map(([, file = '']) => file)
  expect(named.length).toBeGreaterThan(15)
  expect(named.filter((file) => !existsSync(`${root}/${file}`))).toEqual([])
})
