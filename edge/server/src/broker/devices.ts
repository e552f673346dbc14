import { readFileSync } from 'node:fs'
import { ConfigError, deviceSecretHashPattern, isErrno, verifyDeviceSecret } from '@jidoka/base'
import { codeSchema, loginSchema } from '@jidoka/domain'
import { z } from 'zod'

/** What a login may do. A device publishes below its lines; a consumer reads verdicts and alarms. */
export interface DeviceGrant {
  readonly login: string
  readonly role: 'device' | 'consumer'
  readonly lines: readonly string[]
}

const devicesSchema = z
  .array(
    z.strictObject({
      login: loginSchema,
      secret_hash: z
        .string()
        .regex(deviceSecretHashPattern, 'must be "sha256$salt$hash", which `jidoka device add` makes'),
      role: z.enum(['device', 'consumer']),
      lines: z.array(codeSchema).max(1_000).default([]),
    }),
  )
  .max(10_000)
export type DeviceEntry = z.output<typeof devicesSchema>[number]

export class DeviceDirectory {
  readonly #devices: ReadonlyMap<string, DeviceEntry>

  constructor(entries: readonly DeviceEntry[]) {
    this.#devices = new Map(entries.map((entry) => [entry.login, entry]))
  }

  get count(): number {
    return this.#devices.size
  }

  /** The grant, or null for a wrong login or secret; both take the same time. */
  authenticate(login: string, secret: string): DeviceGrant | null {
    const device = this.#devices.get(login)
    if (!verifyDeviceSecret(secret, device?.secret_hash ?? null) || device === undefined) return null
    return { login, role: device.role, lines: device.lines }
  }
}

/**
 * Reads the devices file: a JSON list of `{ login, secret_hash, role, lines }`.
 * @throws ConfigError with a sentence for each mistake.
 */
export function readDevices(file: string): readonly DeviceEntry[] {
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
export function parseDevices(json: unknown, file?: string): readonly DeviceEntry[] {
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
  return parsed.data
}
