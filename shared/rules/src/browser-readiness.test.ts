import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { createContext, runInContext } from 'node:vm'
import { build } from 'vite'
import { expect, test } from 'vitest'
import { ruleModuleUrl } from './load-node.ts'

/** Bundles an entry as a browser's build would; anything of Node left outside of the bundle is named in `imports`. */
async function bundle(entry: string): Promise<{ code: string; imports: string[] }> {
  const output = await build({
    configFile: false,
    logLevel: 'silent',
    build: {
      write: false,
      minify: false,
      lib: { entry: fileURLToPath(new URL(entry, import.meta.url)), formats: ['iife'], name: 'rules' },
      rolldownOptions: { external: /^node:/ },
    },
  })
  const [first] = Array.isArray(output) ? output : [output]
  if (first === undefined || !('output' in first)) throw new Error('the bundler gave no output')
  const [chunk] = first.output
  return { code: chunk.code, imports: chunk.imports }
}

test('the host needs nothing of Node: it judges in a realm that has only what a worker has', async () => {
  const { code, imports } = await bundle('index.ts')
  expect(imports).toEqual([])
  const bytes = await readFile(ruleModuleUrl)
  const realm = createContext({ TextEncoder, TextDecoder, performance, Response, bytes: Uint8Array.from(bytes) })
  const outcome: unknown = runInContext(
    `${code}
    const engine = rules.RuleEngine.create(new WebAssembly.Module(Uint8Array.from(bytes)))
    const { rule } = engine.compile({
      source: 'if input.value > params.high { verdict("HIGH", 0.95, \`\${input.value}\`) } else { verdict("OK", 1) }',
      fields: [{ name: 'value', kind: 'number' }],
      params: { high: 80 },
    })
    JSON.stringify([rule.hash.length, engine.judge(rule, { value: 81 })])`,
    realm,
  )
  expect(JSON.parse(String(outcome))).toEqual([
    64,
    { kind: 'verdict', verdict: { status: 'HIGH', confidence: 0.95, explanation: '81.0' } },
  ])
})

test('the check above would see an import of Node', async () => {
  expect((await bundle('load-node.ts')).imports).not.toEqual([])
})
