import { createHmac } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import {
  describeError,
  deviceSecretHashPattern,
  deviceSecretLengthMin,
  hashDeviceSecret,
  newDeviceSecret,
  OperationalError,
  verifyDeviceSecret,
} from '@jidoka/base'
import { codeSchema, loginSchema } from '@jidoka/domain'
import { z } from 'zod'
import type { PlantModel } from '../plant/model.ts'

/** What the edge's broker knows of a device: never the secret itself. */
export const deviceGrantSchema = z.strictObject({
  login: loginSchema,
  secret_hash: z.string().regex(deviceSecretHashPattern),
  /** Lines below which it may publish. */
  lines: z.array(codeSchema).max(1_000),
  role: z.enum(['device', 'consumer']),
})
export type DeviceGrant = z.infer<typeof deviceGrantSchema>

const secretsSchema = z.record(loginSchema, z.string().min(deviceSecretLengthMin).max(256))
/** Login to secret: the simulator's side of the same accounts. */
export type DeviceSecrets = Readonly<Record<string, string>>

/** "LINE-A", "PRESS-1" -> `line-a.press-1`; the line's own gateway is `line-a.gateway`. */
export const deviceLogin = (line: string, equipment: string | null): string =>
  `${line}.${equipment ?? 'gateway'}`.toLowerCase()

/**
 * Makes both files for a plant's devices, 0600. Accounts that are in the simulator's file keep their secret, and a grant
 * that fits its secret keeps its salt, so that a second call changes nothing.
 * @param seed makes the secrets repeatable, for test rigs only: whoever knows the seed knows the secrets.
 */
export function writeDeviceFiles(
  plant: PlantModel,
  files: { edge: string; simulator: string },
  seed?: number,
): { made: number; kept: number } {
  const oldSecrets = existsSync(files.simulator) ? loadDeviceSecrets(files.simulator) : {}
  const oldGrants = new Map((existsSync(files.edge) ? loadGrants(files.edge) : []).map((grant) => [grant.login, grant]))
  const secrets: Record<string, string> = {}
  const grants: DeviceGrant[] = []
  let kept = 0
  for (const line of plant.lines) {
    for (const machine of line.machines) {
      const login = deviceLogin(line.code, machine.code)
      const known = oldSecrets[login]
      if (known !== undefined) kept++
      const secret = known ?? newSecret(login, seed)
      secrets[login] = secret
      const old = oldGrants.get(login)
      const hash =
        old !== undefined && verifyDeviceSecret(secret, old.secret_hash) ? old.secret_hash : hashDeviceSecret(secret)
      grants.push({ login, secret_hash: hash, lines: [line.code], role: 'device' })
      oldGrants.delete(login)
    }
  }
  // Accounts of others (a stack light, a PLC of the plant's own) stay as they are.
  writePrivate(files.edge, [...grants, ...oldGrants.values()])
  writePrivate(files.simulator, secrets)
  return { made: grants.length - kept, kept }
}

/** @throws OperationalError with a sentence when the file is absent or not what it must be. */
export function loadDeviceSecrets(file: string): DeviceSecrets {
  return load(file, secretsSchema)
}

function loadGrants(file: string): DeviceGrant[] {
  return load(file, z.array(deviceGrantSchema))
}

function newSecret(login: string, seed: number | undefined): string {
  if (seed === undefined) return newDeviceSecret()
  return createHmac('sha256', `jidoka simulator ${seed}`).update(login).digest('base64url')
}

function load<Schema extends z.ZodType>(file: string, schema: Schema): z.output<Schema> {
  try {
    return schema.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch (cause) {
    const why =
      cause instanceof z.ZodError ? (cause.issues[0]?.message ?? 'it has the wrong form') : describeError(cause)
    throw new OperationalError(
      `The devices file ${file} cannot be used: ${why}. The command "devices" makes a new one.`,
      { cause },
    )
  }
}

/** Written beside and renamed: whoever reads it meanwhile sees the old file or the new one, never half of it. */
function writePrivate(file: string, content: unknown): void {
  mkdirSync(dirname(file), { recursive: true })
  const beside = `${file}.${process.pid}`
  const descriptor = openSync(beside, 'w', 0o600)
  writeSync(descriptor, `${JSON.stringify(content, null, 2)}\n`)
  fsyncSync(descriptor)
  closeSync(descriptor)
  renameSync(beside, file)
}
