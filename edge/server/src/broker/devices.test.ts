import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError, hashDeviceSecret, newDeviceSecret } from '@jidoka/base'
import { describe, expect, test } from 'vitest'
import { newFolder, removeFolder } from '../pipeline/test-support.ts'
import { DeviceDirectory, parseDevices, readDevices } from './devices.ts'

const secret = newDeviceSecret()
const entry = { login: 'press-1', secret_hash: hashDeviceSecret(secret), role: 'device', lines: ['LINE-A'] }
const mistakesOf = (json: unknown): readonly string[] => {
  try {
    parseDevices(json)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes
    throw error
  }
}

describe('the devices file', () => {
  const shown = (login: string | undefined, shownSecret?: string, certificateNames: readonly string[] = []) => ({
    login,
    secret: shownSecret,
    certificateNames,
  })

  test('lets a device in with its secret and nobody else', () => {
    const devices = new DeviceDirectory(parseDevices([entry]))
    expect(devices.authenticate(shown('press-1', secret))).toMatchObject({ login: 'press-1', lines: ['LINE-A'] })
    expect(devices.authenticate(shown('press-1', `${secret}x`))).toBeNull()
    expect(devices.authenticate(shown('press-2', secret))).toBeNull()
    expect(devices.authenticate(shown('press-1', ''))).toBeNull()
    expect(devices.authenticate(shown('press-1'))).toBeNull()
    expect(devices.authenticate(shown(undefined, secret))).toBeNull()
    expect(devices.authenticate(shown('press-1', undefined, ['press-1']))).toBeNull()
  })

  test('lets a device in with its certificate, and asks for both where it names both', () => {
    const { secret_hash: _, ...noSecret } = entry
    const devices = new DeviceDirectory(
      parseDevices([
        { ...noSecret, certificate_name: 'press-1.plant' },
        { ...entry, login: 'press-2', certificate_name: 'press-2.plant' },
      ]),
    )
    expect(devices.authenticate(shown(undefined, undefined, ['press-1.plant']))).toMatchObject({ login: 'press-1' })
    expect(devices.authenticate(shown('press-1', undefined, ['x', 'press-1.plant']))).toMatchObject({ role: 'device' })
    expect(devices.authenticate(shown('press-1', undefined, ['press-2.plant']))).toBeNull()
    expect(devices.authenticate(shown('press-1', secret))).toBeNull()
    expect(devices.authenticate(shown(undefined, undefined, ['press-2.plant']))).toBeNull()
    expect(devices.authenticate(shown('press-2', secret))).toBeNull()
    expect(devices.authenticate(shown('press-2', secret, ['press-2.plant']))).toMatchObject({ login: 'press-2' })
  })

  test('says every mistake in a sentence', () => {
    expect(mistakesOf({})).toEqual([expect.stringContaining('must be a JSON list')])
    expect(mistakesOf([{ ...entry, secret_hash: 'plain' }])).toEqual([
      expect.stringContaining(
        'Device 1 of the devices file, "secret_hash": must be "sha256$salt$hash", which `jidoka device add` makes.',
      ),
    ])
    expect(mistakesOf([entry, { ...entry, lines: [] }])).toEqual([
      expect.stringContaining('login "press-1" of an earlier one'),
      expect.stringContaining('has no line'),
    ])
    const { secret_hash: _, ...noSecret } = entry
    expect(mistakesOf([noSecret])).toEqual([
      expect.stringContaining('has neither "secret_hash" nor "certificate_name"'),
    ])
    const certified = { ...noSecret, certificate_name: 'press' }
    expect(mistakesOf([certified, { ...certified, login: 'press-2' }])).toEqual([
      expect.stringContaining('certificate name "press" of an earlier one'),
    ])
  })

  test('that is absent or no JSON is named', () => {
    const folder = newFolder()
    expect(() => readDevices(join(folder, 'none.json'))).toThrow(/there is no such file/)
    writeFileSync(join(folder, 'devices.json'), '[{')
    expect(() => readDevices(join(folder, 'devices.json'))).toThrow(ConfigError)
    removeFolder(folder)
  })
})
