import { expect, test } from 'vitest'
import { deviceSecretHashPattern, hashDeviceSecret, newDeviceSecret, verifyDeviceSecret } from './device-secret.ts'

test('a hash fits its secret and no other', () => {
  const secret = newDeviceSecret()
  const hash = hashDeviceSecret(secret)
  expect(hash).toMatch(deviceSecretHashPattern)
  expect(verifyDeviceSecret(secret, hash)).toBe(true)
  expect(verifyDeviceSecret(`${secret}x`, hash)).toBe(false)
  expect(verifyDeviceSecret('', hash)).toBe(false)
  expect(hashDeviceSecret(secret)).not.toBe(hash)
})

test('the form is fixed: devices files that exist must go on working', () => {
  expect(hashDeviceSecret('a secret of a test, long enough', 'A'.repeat(22))).toBe(
    'sha256$AAAAAAAAAAAAAAAAAAAAAA$fpfyjx6O3nKsHCxelag68_vIy9C9S8LKl4m4x2FJzEk',
  )
})

test('no secret fits an unknown login or a text that is no hash', () => {
  for (const stored of [null, '', 'plain', 'sha256$x$y']) expect(verifyDeviceSecret('plain', stored)).toBe(false)
})

test('takes no secret that a person may have chosen', () => {
  expect(() => hashDeviceSecret('press1234')).toThrow(RangeError)
})
