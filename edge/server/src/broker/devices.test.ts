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
  test('lets a device in with its secret and nobody else', () => {
    const devices = new DeviceDirectory(parseDevices([entry]))
    expect(devices.authenticate('press-1', secret)).toEqual({ login: 'press-1', role: 'device', lines: ['LINE-A'] })
    expect(devices.authenticate('press-1', `${secret}x`)).toBeNull()
    expect(devices.authenticate('press-2', secret)).toBeNull()
    expect(devices.authenticate('press-1', '')).toBeNull()
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
  })

  test('that is absent or no JSON is named', () => {
    const folder = newFolder()
    expect(() => readDevices(join(folder, 'none.json'))).toThrow(/there is no such file/)
    writeFileSync(join(folder, 'devices.json'), '[{')
    expect(() => readDevices(join(folder, 'devices.json'))).toThrow(ConfigError)
    removeFolder(folder)
  })
})
