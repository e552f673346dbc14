import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'

/**
 * Passwords as `scrypt$N$r$p$salt$hash` (salt and hash base64url), the same text on edge and cloud, so that users of the
 * desired state sign in while the line to the cloud is cut.
 */

/** N = 2^15, r = 8, p = 1: 32 MiB and some 80 ms on a small appliance. Lower is cheap to guess; higher lets a few logins at once starve the board. */
const cost = { N: 32_768, r: 8, p: 1 }
const hashBytes = 32

/** What a foreign hash may ask of this machine: N * r * 128 bytes of memory, so 128 MiB at most. */
const costMax = { N: 131_072, r: 16, p: 4, memoryBytes: 128 * 1024 * 1024 }

/** Two at a time: each takes 32 MiB and a thread of the pool that file and DNS work need too. */
const hashingMax = 2
let hashing = 0
const waiting: (() => void)[] = []

export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16)
  const hash = await derive(password, salt, cost, hashBytes)
  return `scrypt$${cost.N}$${cost.r}$${cost.p}$${salt.toString('base64url')}$${hash.toString('base64url')}`
}

/** False for a wrong password and for a text that is no hash of ours. */
export async function verifyPassword(password: string, stored: string): Promise<boolean> {
  const parsed = parseHash(stored)
  if (parsed === null) return false
  const hash = await derive(password, parsed.salt, parsed.cost, parsed.hash.length)
  return timingSafeEqual(hash, parsed.hash)
}

interface ParsedHash {
  readonly cost: { readonly N: number; readonly r: number; readonly p: number }
  readonly salt: Buffer
  readonly hash: Buffer
}

function parseHash(stored: string): ParsedHash | null {
  const match = /^scrypt\$(\d{1,7})\$(\d{1,3})\$(\d{1,2})\$([A-Za-z0-9_-]{8,128})\$([A-Za-z0-9_-]{22,172})$/.exec(
    stored,
  )
  if (match === null) return null
  const [N, r, p] = [Number(match[1]), Number(match[2]), Number(match[3])]
  const isPowerOfTwo = N > 1 && (N & (N - 1)) === 0
  if (
    !isPowerOfTwo ||
    N > costMax.N ||
    r < 1 ||
    r > costMax.r ||
    p < 1 ||
    p > costMax.p ||
    128 * N * r > costMax.memoryBytes
  )
    return null
  return {
    cost: { N, r, p },
    salt: Buffer.from(match[4] ?? '', 'base64url'),
    hash: Buffer.from(match[5] ?? '', 'base64url'),
  }
}

async function derive(
  password: string,
  salt: Buffer,
  { N, r, p }: ParsedHash['cost'],
  length: number,
): Promise<Buffer> {
  if (hashing >= hashingMax) await new Promise<void>((resolve) => waiting.push(resolve))
  hashing++
  try {
    return await new Promise<Buffer>((resolve, reject) => {
      scrypt(password.normalize('NFKC'), salt, length, { N, r, p, maxmem: 2 * costMax.memoryBytes }, (error, key) =>
        error ? reject(error) : resolve(key),
      )
    })
  } finally {
    hashing--
    waiting.shift()?.()
  }
}
