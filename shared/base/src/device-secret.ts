import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/*
 * Secrets of devices as `sha256$salt$hash` (salt and hash base64url); the hash is of the salt's bytes followed by the
 * secret's. They are made here with 256 random bits and never chosen by people, so a fast salted hash is enough: nobody
 * can try 2^256 of them. A slow one (scrypt, 80 ms) would be the weak point instead: after a power cut 500 devices
 * connect at once, and anybody on the network could keep both cores busy with wrong secrets.
 */
const secretBytes = 32
const saltBytes = 16
/** 22 characters of base64url are 128 bits: less is a password that somebody chose. */
export const deviceSecretLengthMin = 22

export const deviceSecretHashPattern = /^sha256\$[A-Za-z0-9_-]{22}\$[A-Za-z0-9_-]{43}$/

/** A new secret for a device: 43 characters. Shown once; only its hash is kept. */
export const newDeviceSecret = (): string => randomBytes(secretBytes).toString('base64url')

/**
 * @param salt base64url, 16 bytes; given only by tests, which need the same hash twice.
 * @throws RangeError for a secret that is short enough to have been chosen by a person.
 */
export function hashDeviceSecret(secret: string, salt = randomBytes(saltBytes).toString('base64url')): string {
  if (secret.length < deviceSecretLengthMin)
    throw new RangeError(`a device secret has at least ${deviceSecretLengthMin} characters; let one be made`)
  return `sha256$${salt}$${digest(salt, secret).toString('base64url')}`
}

/**
 * Whether the secret is the one of the hash. Takes the same time for every secret of one length, and for no hash (null:
 * an unknown login) as for a wrong one. False for a text that is no hash of ours.
 */
export function verifyDeviceSecret(secret: string, stored: string | null): boolean {
  const [, salt = '', hash = ''] = (stored ?? nobody).split('$')
  const expected = Buffer.from(hash, 'base64url')
  const given = digest(salt, secret)
  return expected.length === given.length && timingSafeEqual(given, expected) && stored !== null
}

const nobody = `sha256$${'A'.repeat(22)}$${'A'.repeat(43)}`

function digest(salt: string, secret: string): Buffer {
  return createHash('sha256').update(Buffer.from(salt, 'base64url')).update(secret, 'utf8').digest()
}
