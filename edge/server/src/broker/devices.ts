import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { ConfigError, isErrno } from '@jidoka/base'
import { codeSchema, loginSchema } from '@jidoka/domain'
import { z } from 'zod'

/** What a login may do. A device publishes below its lines; a consumer reads verdicts and alarms. */
export interface DeviceGrant {
  readonly login: string
  readonly role: 'device' | 'consumer'
  readonly lines: readonly string[]
}

/*
 * Device secrets are made by us with 256 random bits and never chosen by people, so a fast salted hash is enough: nobody
 * can try 2^256 of them. A slow one (scrypt, 50 ms) would be the weak point instead: after a power cut 500 devices
 * connect at once, and anybody on the network could keep both cores busy with wrong secrets.
 */
const secretBytes = 32
/** 22 characters of base64url are 128 bits: less is a password that somebody chose. */
const secretLengthMin = 22
const hashPattern = /^sha256\$[A-Za-z0-9_-]{22}\$[A-Za-z0-9_-]{43}$/

const devicesSchema = z
  .array(
    z.strictObject({
      login: loginSchema,
      secret_hash: z.string().regex(hashPattern, 'must be made by `hashDeviceSecret`: "sha256$salt$hash"'),
      role: z.enum(['device', 'consumer']),
      lines: z.array(codeSchema).max(1_000).default([]),
    }),
  )
  .max(10_000)
export type DeviceEntry = z.input<typeof devicesSchema>[number]

/** A new secret for a device: 43 characters. Shown once; only its hash is kept. */
export const newDeviceSecret = (): string => randomBytes(secretBytes).toString('base64url')

/** @throws RangeError for a secret that is short enough to have been chosen by a person. */
export function hashDeviceSecret(secret: string): string {
  if (secret.length < secretLengthMin)
    throw new RangeError(`a device secret has at least ${secretLengthMin} characters; let one be made`)
  const salt = randomBytes(16).toString('base64url')
  return `sha256$${salt}$${digest(salt, secret).toString('base64url')}`
}

export class DeviceDirectory {
  readonly #devices = new Map<string, { readonly grant: DeviceGrant; readonly salt: string; readonly hash: Buffer }>()

  constructor(entries: readonly z.output<typeof devicesSchema>[number][]) {
    for (const { login, role, lines, secret_hash: secretHash } of entries) {
      const [, salt = '', hash = ''] = secretHash.split('$')
      this.#devices.set(login, { grant: { login, role, lines }, salt, hash: Buffer.from(hash, 'base64url') })
    }
  }

  get count(): number {
    return this.#devices.size
  }

  /** The grant, or null for a wrong login or secret; both take the same time. */
  authenticate(login: string, secret: string): DeviceGrant | null {
    const device = this.#devices.get(login)
    const fits = timingSafeEqual(digest(device?.salt ?? '', secret), device?.hash ?? nobody)
    return fits && device !== undefined ? device.grant : null
  }
}

const nobody = Buffer.alloc(32)
const digest = (salt: string, secret: string): Buffer =>
  createHash('sha256').update(Buffer.from(salt, 'base64url')).update(secret).digest()

/**
 * Reads the devices file: a JSON list of `{ login, secret_hash, role, lines }`.
 * @throws ConfigError with a sentence for each mistake.
 */
export function loadDevices(file: string): DeviceDirectory {
  let json: unknown
  try {
    json = JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    const why = isErrno(cause, 'ENOENT')
      ? 'there is no such file'
      : cause instanceof Error
        ? cause.message
        : String(cause)
    throw new ConfigError([`The devices file ${file} cannot be read: ${why}.`], file, { cause })
  }
  return parseDevices(json, file)
}

/** @throws ConfigError */
export function parseDevices(json: unknown, file?: string): DeviceDirectory {
  const parsed = devicesSchema.safeParse(json)
  if (!parsed.success) {
    throw new ConfigError(
      parsed.error.issues.map(({ path: [index, ...members], message }) =>
        index === undefined
          ? `The devices file must be a JSON list: ${message}.`
          : `Device ${Number(index) + 1} of the devices file${members.length > 0 ? `, "${members.join('.')}"` : ''}: ${message}.`,
      ),
      file,
    )
  }
  const mistakes: string[] = []
  const logins = new Set<string>()
  for (const [index, device] of parsed.data.entries()) {
    if (logins.has(device.login))
      mistakes.push(
        `Device ${index + 1} of the devices file has the login "${device.login}" of an earlier one. Give each its own.`,
      )
    logins.add(device.login)
    if (device.role === 'device' && device.lines.length === 0)
      mistakes.push(
        `Device ${index + 1} of the devices file ("${device.login}") has no line, so that it could publish nothing. Name its lines.`,
      )
  }
  if (mistakes.length > 0) throw new ConfigError(mistakes, file)
  return new DeviceDirectory(parsed.data)
}
