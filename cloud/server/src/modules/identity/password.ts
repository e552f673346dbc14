import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { ProblemError } from '../../platform/http/problem.ts'

/** 2^15, r 8: 32 MB and about 60 ms on a small server. Fewer make guessing cheap, more let sign-ins exhaust the memory. */
const cost = { N: 32_768, r: 8, p: 1 }
const hashBytes = 32
/** A stored hash may ask for at most this much: one from elsewhere must not take the memory. */
const memoryBytesMax = 128 * 1024 * 1024

/** Two hashes at once leave threads of the pool for files; sixty waiting are four seconds, longer than people wait. */
const atOnceMax = 2
const waitingMax = 60
let running = 0
const waiting: (() => void)[] = []

/** A hash as both tiers keep it: `scrypt$N$r$p$salt$hash`, base64url. */
export async function hashPassword(password: string, settings: typeof cost = cost): Promise<string> {
  const salt = randomBytes(16)
  const hash = await derive(password, salt, settings, hashBytes)
  return `scrypt$${settings.N}$${settings.r}$${settings.p}$${salt.toString('base64url')}$${hash.toString('base64url')}`
}

/** False also of a text that is no hash. Takes equally long whether the password is right or not. */
export async function verifyPassword(password: string, stored: string): Promise<boolean> {
  const match = /^scrypt\$(\d{1,8})\$(\d{1,3})\$(\d{1,3})\$([\w-]{8,100})\$([\w-]{8,100})$/.exec(stored)
  if (match === null) return false
  const [, N, r, p, salt = '', hash = ''] = match
  const settings = { N: Number(N), r: Number(r), p: Number(p) }
  if (128 * settings.N * settings.r > memoryBytesMax || settings.p > 16) return false
  const expected = Buffer.from(hash, 'base64url')
  const actual = await derive(password, Buffer.from(salt, 'base64url'), settings, expected.length)
  return timingSafeEqual(actual, expected)
}

/** What an unknown login is compared with, so that the time of the answer does not tell that nobody has it. */
export const nobodysHash = hashPassword(randomBytes(16).toString('base64url'))

async function derive(password: string, salt: Buffer, settings: typeof cost, length: number): Promise<Buffer> {
  if (running >= atOnceMax) {
    if (waiting.length >= waitingMax)
      throw new ProblemError('unavailable', 'Too many people sign in at this moment. Try again in a few seconds.', {
        retryAfterS: 5,
      })
    await new Promise<void>((resolve) => waiting.push(resolve))
  }
  running++
  try {
    return await new Promise<Buffer>((resolve, reject) => {
      scrypt(
        password.normalize('NFC'),
        salt,
        length,
        { ...settings, maxmem: memoryBytesMax + 1024 * 1024 },
        (error, key) => (error ? reject(error) : resolve(key)),
      )
    })
  } finally {
    running--
    waiting.shift()?.()
  }
}
