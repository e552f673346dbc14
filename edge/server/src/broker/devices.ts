import { readFileSync } from 'node:fs'
import { ConfigError, deviceSecretHashPattern, isErrno, verifyDeviceSecret } from '@jidoka/base'
import { codeSchema, loginSchema } from '@jidoka/domain'
import { z } from 'zod'

/** What a login may do. A device publishes below its lines; a consumer reads verdicts and alarms, and `$SYS` when it says so. */
export interface DeviceGrant {
  readonly login: string
  readonly role: 'device' | 'consumer'
  readonly lines: readonly string[]
  readonly readsSys?: boolean | undefined
}

/** What a client shows of itself. */
export interface Credentials {
  readonly login: string | undefined
  readonly secret: string | undefined
  /** Names on a certificate that the devices' authority has signed. */
  readonly certificateNames: readonly string[]
}

const devicesSchema = z
  .array(
    z.strictObject({
      login: loginSchema,
      /** What an entry has of the two is asked for: a password, a certificate, or both. */
      secret_hash: z
        .string()
        .regex(deviceSecretHashPattern, 'must be "sha256$salt$hash", which `jidoka device add` makes')
        .optional(),
      /** Common name or alternative name of the device's certificate. */
      certificate_name: z.string().min(1).max(253).optional(),
      role: z.enum(['device', 'consumer']),
      lines: z.array(codeSchema).max(1_000).default([]),
      reads_sys: z.boolean().optional(),
    }),
  )
  .max(10_000)
export type DeviceEntry = z.output<typeof devicesSchema>[number]

export class DeviceDirectory {
  readonly #devices: ReadonlyMap<string, DeviceEntry>
  readonly #byCertificate: ReadonlyMap<string, DeviceEntry>

  constructor(entries: readonly DeviceEntry[]) {
    this.#devices = new Map(entries.map((entry) => [entry.login, entry]))
    this.#byCertificate = new Map(
      entries.flatMap((entry) => (entry.certificate_name === undefined ? [] : [[entry.certificate_name, entry]])),
    )
  }

  get count(): number {
    return this.#devices.size
  }

  /**
   * The grant of who this is, or null. Without a login the certificate says who it is. Whatever the device's entry names,
   * secret and certificate, must be right. A wrong login takes as long as a wrong secret.
   */
  authenticate({ login, secret, certificateNames }: Credentials): DeviceGrant | null {
    const device =
      login === undefined
        ? certificateNames.map((name) => this.#byCertificate.get(name)).find((entry) => entry !== undefined)
        : this.#devices.get(login)
    const secretFits =
      device?.secret_hash === undefined && device?.certificate_name !== undefined
        ? true
        : verifyDeviceSecret(secret ?? '', device?.secret_hash ?? null)
    if (device === undefined || !secretFits) return null
    if (device.certificate_name !== undefined && !certificateNames.includes(device.certificate_name)) return null
    return { login: device.login, role: device.role, lines: device.lines, readsSys: device.reads_sys }
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
  const certificates = new Set<string>()
  for (const [index, device] of parsed.data.entries()) {
    if (logins.has(device.login))
      mistakes.push(
        `Device ${index + 1} of the devices file has the login "${device.login}" of an earlier one. Give each its own.`,
      )
    logins.add(device.login)
    if (device.secret_hash === undefined && device.certificate_name === undefined)
      mistakes.push(
        `Device ${index + 1} of the devices file ("${device.login}") has neither "secret_hash" nor "certificate_name", so that anybody could be it. Give it one of them, or both.`,
      )
    if (device.certificate_name !== undefined) {
      if (certificates.has(device.certificate_name))
        mistakes.push(
          `Device ${index + 1} of the devices file has the certificate name "${device.certificate_name}" of an earlier one. Give each its own.`,
        )
      certificates.add(device.certificate_name)
    }
    if (device.role === 'device' && device.lines.length === 0)
      mistakes.push(
        `Device ${index + 1} of the devices file ("${device.login}") has no line, so that it could publish nothing. Name its lines.`,
      )
  }
  if (mistakes.length > 0) throw new ConfigError(mistakes, file)
  return parsed.data
}
