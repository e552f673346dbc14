import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { OperationalError } from './errors.ts'

/**
 * Passwords as `scrypt$N$r$p$salt$hash` (salt and hash base64url): the same text on both tiers, so that users whom the
 * cloud made sign in at an edge whose line is cut.
 */

/** More sign-ins at once than are hashed in the time that a person waits. */
export class HashingBusyError extends OperationalError {
  override name = 'HashingBusyError'

  constructor() {
    super('Too many people sign in at this moment. Try again in a few seconds.')
  }
}

interface Cost {
  readonly N: number
  readonly r: number
  readonly p: number
}

/** 32 MiB and some 80 ms on a small appliance. Lower is cheap to guess; higher lets a few sign-ins at once starve the board. */
export const passwordCost: Cost = { N: 32_768, r: 8, p: 1 }
const hashBytes = 32

/** What a stored hash may ask of this machine (N * r * 128 bytes of memory): one from elsewhere must not take it all. */
const costMax = { N: 131_072, r: 16, p: 4, memoryBytes: 128 * 1024 * 1024 }

/** Two at a time: each takes 32 MiB and a thread of the pool that file and DNS work need too. */
const hashingMax = 2
/** Sixty are four seconds, longer than people wait. */
const waitingMax = 60
let hashing = 0
const waiting: (() => void)[] = []

/** @param settings cheaper ones are for tests. @throws HashingBusyError */
export async function hashPassword(password: string, settings: Cost = passwordCost): Promise<string> {
  const salt = randomBytes(16)
  const hash = await derive(password, salt, settings, hashBytes)
  return `scrypt$${settings.N}$${settings.r}$${settings.p}$${salt.toString('base64url')}$${hash.toString('base64url')}`
}

/** False for a wrong password and for a text that is no hash of ours. @throws HashingBusyError */
export async function verifyPassword(password: string, stored: string): Promise<boolean> {
  const parsed = parseHash(stored)
  if (parsed === null) return false
  const hash = await derive(password, parsed.salt, parsed.cost, parsed.hash.length)
  return timingSafeEqual(hash, parsed.hash)
}

interface ParsedHash {
  readonly cost: Cost
  readonly salt: Buffer
  readonly hash: Buffer
}

const form = /^scrypt\$(\d{1,7})\$(\d{1,3})\$(\d{1,2})\$([A-Za-z0-9_-]{8,128})\$([A-Za-z0-9_-]{22,172})$/

function parseHash(stored: string): ParsedHash | null {
  const match = form.exec(stored)
  if (match === null) return null
  const [N, r, p] = [Number(match[1]), Number(match[2]), Number(match[3])]
  const isPowerOfTwo = N > 1 && (N & (N - 1)) === 0
  const isBounded =
    N <= costMax.N && r >= 1 && r <= costMax.r && p >= 1 && p <= costMax.p && 128 * N * r <= costMax.memoryBytes
  if (!isPowerOfTwo || !isBounded) return null
  return {
    cost: { N, r, p },
    salt: Buffer.from(match[4] ?? '', 'base64url'),
    hash: Buffer.from(match[5] ?? '', 'base64url'),
  }
}

async function derive(password: string, salt: Buffer, { N, r, p }: Cost, length: number): Promise<Buffer> {
  if (hashing >= hashingMax) {
    if (waiting.length >= waitingMax) throw new HashingBusyError()
    await new Promise<void>((resolve) => waiting.push(resolve))
  }
  hashing++
  try {
    return await new Promise<Buffer>((resolve, reject) => {
      // NFKC: a Korean or full-width keyboard may compose the same password from other code points.
      scrypt(password.normalize('NFKC'), salt, length, { N, r, p, maxmem: 2 * costMax.memoryBytes }, (error, key) =>
        error ? reject(error) : resolve(key),
      )
    })
  } finally {
    hashing--
    waiting.shift()?.()
  }
}
