import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { z } from 'zod'
import { loadConfig, portSetting } from './config.ts'
import { ConfigError } from './errors.ts'

const schema = z.strictObject({
  http: z.strictObject({ port: portSetting.default(8080), host: z.string().default('127.0.0.1') }).prefault({}),
  data_folder: z.string().min(1).default('data'),
})
const names = { JIDOKA_HTTP_PORT: 'http.port', JIDOKA_DATA: 'data_folder' }
const folders: string[] = []

function configFile(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'jidoka-config-'))
  folders.push(folder)
  const file = join(folder, 'edge.json')
  writeFileSync(file, text)
  return file
}

function mistakes(run: () => unknown): readonly string[] {
  try {
    run()
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes
    throw error
  }
  throw new Error('the configuration was accepted')
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

test('the environment goes over the file, and the file over the defaults', () => {
  const file = configFile('{"http": {"port": 9000, "host": "0.0.0.0"}}')
  const config = loadConfig(schema, { environment: { JIDOKA_HTTP_PORT: '9100' }, names, file })
  expect(config).toEqual({ http: { port: 9100, host: '0.0.0.0' }, data_folder: 'data' })
})

test('every mistake gets a sentence of its own, a typo with the name that was meant', () => {
  const file = configFile('{"http": {"prot": 1}, "data_folder": ""}')
  const found = mistakes(() => loadConfig(schema, { environment: { JIDOKA_HTTP_PORT: '99999' }, names, file }))
  expect(found).toHaveLength(3)
  expect(found.join('\n')).toContain('"http.prot" is not a setting; did you mean "port"?')
  expect(found.join('\n')).toContain('"http.port" (JIDOKA_HTTP_PORT) is wrong')
})

test('what is wrong in a list is told with the variable that holds the list', () => {
  const lists = z.strictObject({
    modules: z.preprocess((text) => (typeof text === 'string' ? text.split(',') : text), z.array(z.enum(['fleet']))),
  })
  const told = mistakes(() =>
    loadConfig(lists, { environment: { JIDOKA_MODULES: 'fleet,fleit' }, names: { JIDOKA_MODULES: 'modules' } }),
  )
  expect(told[0]).toContain('"modules.1" (JIDOKA_MODULES) is wrong')
})

test('a file that is absent or not JSON is named', () => {
  expect(mistakes(() => loadConfig(schema, { environment: {}, names, file: '/nowhere/edge.json' }))[0]).toContain(
    'there is no such file',
  )
  expect(mistakes(() => loadConfig(schema, { environment: {}, names, file: configFile('{') }))[0]).toContain(
    'is not JSON',
  )
})

test('a misspelt name in the environment is told, and a name of another program is not', () => {
  const read = (environment: Record<string, string>) => () => loadConfig(schema, { environment, names })
  expect(mistakes(read({ JIDOKA_HTP_PORT: '1' }))).toEqual([
    '"JIDOKA_HTP_PORT" in the environment is not a setting; did you mean "JIDOKA_HTTP_PORT"?',
  ])
  expect(read({ JIDOKA_CLOUD_DATA: 'x', JIDOKA_SUPERVISED: '1' })()).toMatchObject({ data_folder: 'data' })
})
