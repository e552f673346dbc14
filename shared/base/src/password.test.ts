import { expect, test } from 'vitest'
import { HashingBusyError, hashPassword, verifyPassword } from './password.ts'

const cheap = { N: 1_024, r: 8, p: 1 }

test('a password fits its own hash and no other, and two hashes of it differ', async () => {
  const [first, second] = await Promise.all([
    hashPassword('비밀번호는 길게 짓는다'),
    hashPassword('비밀번호는 길게 짓는다'),
  ])
  expect(first).toMatch(/^scrypt\$32768\$8\$1\$/)
  expect(first).not.toBe(second)
  expect(await verifyPassword('비밀번호는 길게 짓는다', first)).toBe(true)
  expect(await verifyPassword('비밀번호는 짧게 짓는다', first)).toBe(false)
})

test('the same password typed in composed, decomposed or full-width letters fits', async () => {
  const stored = await hashPassword('공장 passwörd ＡＢＣ', cheap)
  expect(await verifyPassword('공장 passwörd ABC'.normalize('NFD'), stored)).toBe(true)
})

test.each([
  '',
  'plain',
  'scrypt$1$1$1$x$y',
  'scrypt$1048576$8$1$AAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
  'scrypt$32767$8$1$AAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
])('a stored text that is no hash, or asks for more memory than allowed, lets nobody in: %j', async (stored) => {
  expect(await verifyPassword('', stored)).toBe(false)
  expect(await verifyPassword('x', stored)).toBe(false)
})

test('a rush of sign-ins is refused beyond what is hashed while people wait, and over afterwards', async () => {
  const rush = await Promise.allSettled(Array.from({ length: 80 }, () => hashPassword('x', cheap)))
  const refused = rush.filter((each) => each.status === 'rejected' && each.reason instanceof HashingBusyError)
  expect(refused).toHaveLength(80 - 62)
  expect(await hashPassword('x', cheap)).toMatch(/^scrypt/)
})
