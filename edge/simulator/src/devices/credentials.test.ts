import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hashDeviceSecret, newDeviceSecret, verifyDeviceSecret } from '@jidoka/base'
import { loginSchema } from '@jidoka/domain'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { hanbit } from '../plant/hanbit.ts'
import { deviceGrantSchema, deviceLogin, loadDeviceSecrets, writeDeviceFiles } from './credentials.ts'

let folder: string
let files: { edge: string; simulator: string }
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'jidoka-devices-'))
  files = { edge: join(folder, 'edge', 'devices.json'), simulator: join(folder, 'simulator.json') }
})
afterEach(() => rmSync(folder, { recursive: true }))

const grants = () => z.array(deviceGrantSchema).parse(JSON.parse(readFileSync(files.edge, 'utf8')))

test('every machine gets an account of its own, whose hash fits its secret and whose line is its own', () => {
  expect(writeDeviceFiles(hanbit, files)).toEqual({ made: 28, kept: 0 })
  const secrets = loadDeviceSecrets(files.simulator)
  expect(grants()).toHaveLength(28)
  for (const grant of grants()) {
    expect(verifyDeviceSecret(secrets[grant.login] ?? '', grant.secret_hash)).toBe(true)
    expect(grant.login.startsWith(`${grant.lines[0]?.toLowerCase()}.`)).toBe(true)
  }
  expect(new Set(Object.values(secrets)).size).toBe(28)
  expect(Object.values(secrets).every((secret) => Buffer.from(secret, 'base64url').length === 32)).toBe(true)
})

test('both files are for their owner alone, and the edge’s holds no secret (I8)', () => {
  writeDeviceFiles(hanbit, files)
  for (const file of [files.edge, files.simulator]) expect(statSync(file).mode & 0o777).toBe(0o600)
  const edge = readFileSync(files.edge, 'utf8')
  for (const secret of Object.values(loadDeviceSecrets(files.simulator))) expect(edge).not.toContain(secret)
})

test('a second call changes nothing, and mends a lost edge file with the same secrets', () => {
  writeDeviceFiles(hanbit, files)
  const [edge, simulator] = [readFileSync(files.edge, 'utf8'), readFileSync(files.simulator, 'utf8')]
  expect(writeDeviceFiles(hanbit, files)).toEqual({ made: 0, kept: 28 })
  expect([readFileSync(files.edge, 'utf8'), readFileSync(files.simulator, 'utf8')]).toEqual([edge, simulator])
  rmSync(files.edge)
  writeDeviceFiles(hanbit, files)
  expect(readFileSync(files.simulator, 'utf8')).toBe(simulator)
  expect(grants()).toHaveLength(28)
})

test('accounts that others added to the edge’s file stay', () => {
  writeDeviceFiles(hanbit, files)
  const stackLight = {
    login: 'stack-light-1',
    secret_hash: hashDeviceSecret(newDeviceSecret()),
    lines: ['LINE-A'],
    role: 'consumer' as const,
  }
  writeFileSync(files.edge, JSON.stringify([...grants(), stackLight]))
  writeDeviceFiles(hanbit, files)
  expect(grants().at(-1)).toEqual(stackLight)
})

test('the same seed makes the same secrets, and none makes others', () => {
  const other = { edge: join(folder, 'other-edge.json'), simulator: join(folder, 'other.json') }
  writeDeviceFiles(hanbit, files, 7)
  writeDeviceFiles(hanbit, other, 7)
  expect(loadDeviceSecrets(other.simulator)).toEqual(loadDeviceSecrets(files.simulator))
  rmSync(other.simulator)
  writeDeviceFiles(hanbit, other)
  expect(loadDeviceSecrets(other.simulator)).not.toEqual(loadDeviceSecrets(files.simulator))
})

test('a devices file that is absent or broken is named in a sentence', () => {
  expect(() => loadDeviceSecrets(files.simulator)).toThrow(/cannot be used.*ENOENT.*"devices" makes a new one/s)
  writeFileSync(files.simulator, '{"Line A": 1}')
  expect(() => loadDeviceSecrets(files.simulator)).toThrow('cannot be used')
})

test('logins are what the broker takes', () => {
  expect([deviceLogin('LINE-A', 'PRESS-1'), deviceLogin('LINE-A', null)]).toEqual(['line-a.press-1', 'line-a.gateway'])
  expect(loginSchema.safeParse(deviceLogin('LINE-C', 'GANTRY-1')).success).toBe(true)
})
