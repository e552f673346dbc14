import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError } from '@jidoka/base'
import { describe, expect, test } from 'vitest'
import { newFolder, removeFolder } from '../pipeline/test-support.ts'
import { hashDeviceSecret, loadDevices, newDeviceSecret, parseDevices } from './devices.ts'

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
    const devices = parseDevices([entry])
    expect(devices.authenticate('press-1', secret)).toEqual({ login: 'press-1', role: 'device', lines: ['LINE-A'] })
    expect(devices.authenticate('press-1', `${secret}x`)).toBeNull()
    expect(devices.authenticate('press-2', secret)).toBeNull()
    expect(devices.authenticate('press-1', '')).toBeNull()
  })

  test('holds another hash for the same secret each time', () => {
    expect(hashDeviceSecret(secret)).not.toBe(hashDeviceSecret(secret))
  })

  test('takes no secret that a person may have chosen', () => {
    expect(() => hashDeviceSecret('press1234')).toThrow(RangeError)
  })

  test('says every mistake in a sentence', () => {
    expect(mistakesOf({})).toEqual([expect.stringContaining('must be a JSON list')])
    expect(mistakesOf([{ ...entry, secret_hash: 'plain' }])).toEqual([
      expect.stringContaining('Device 1 of the devices file, "secret_hash"'),
    ])
    expect(mistakesOf([entry, { ...entry, lines: [] }])).toEqual([
      expect.stringContaining('login "press-1" of an earlier one'),
      expect.stringContaining('has no line'),
    ])
  })

  test('that is absent or no JSON is named', () => {
    const folder = newFolder()
    expect(() => loadDevices(join(folder, 'none.json'))).toThrow(/there is no such file/)
    writeFileSync(join(folder, 'devices.json'), '[{')
    expect(() => loadDevices(join(folder, 'devices.json'))).toThrow(ConfigError)
    removeFolder(folder)
  })
})
