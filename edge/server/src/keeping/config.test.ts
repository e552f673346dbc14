import { loadConfig } from '@jidoka/base'
import { expect, test } from 'vitest'
import { edgeConfigNames, edgeConfigSchema } from '../config.ts'
import { keepingPolicyOf } from './config.ts'
import { daysInForce, keepingDefaults } from './policy.ts'

const load = (environment: Record<string, string>) =>
  loadConfig(edgeConfigSchema, { environment, names: edgeConfigNames }).keeping

test('without any setting readings stay for 30 days, the disk fills to 85 % and 64 MiB stay free', () => {
  expect(keepingPolicyOf(load({}), true)).toEqual({
    days: keepingDefaults.days,
    highWaterPercent: 85,
    bytesMax: null,
    reserveBytes: 64 * 1024 * 1024,
    hasCloud: true,
    setHere: [],
  })
  expect(keepingDefaults.days.readings).toBe(30)
})

test('days, mark and bounds come from the environment, and what cannot work is refused', () => {
  const policy = keepingPolicyOf(
    load({ JIDOKA_KEEP_READINGS_DAYS: '120', JIDOKA_KEEP_HIGH_WATER_PERCENT: '70', JIDOKA_KEEP_BYTES_MAX: '67108864' }),
    false,
  )
  expect(policy).toMatchObject({ days: { readings: 120 }, highWaterPercent: 70, bytesMax: 67_108_864 })
  for (const [name, value] of [
    ['JIDOKA_KEEP_READINGS_DAYS', '0'],
    ['JIDOKA_KEEP_HIGH_WATER_PERCENT', '100'],
    ['JIDOKA_KEEP_BYTES_MAX', '1000'],
    ['JIDOKA_KEEP_RESERVE_BYTES', '0'],
  ] as const)
    expect(() => load({ [name]: value })).toThrow(name)
})

test('days that were set on the machine stand above those that the cloud wants, and those above the defaults', () => {
  const policy = keepingPolicyOf(load({ JIDOKA_KEEP_READINGS_DAYS: '30' }), true)
  const desired = { retention: { readings_days: 7, audit_days: 400 } }
  expect(daysInForce(policy, desired)).toEqual({ ...keepingDefaults.days, readings: 30, audit: 400 })
  expect(daysInForce(keepingPolicyOf(load({}), true), desired)).toMatchObject({ readings: 7, audit: 400 })
  expect(daysInForce(policy, null)).toEqual(keepingDefaults.days)
})
