import { createReadStream, createWriteStream, renameSync, rmSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { describeError, OperationalError } from '@jidoka/base'
import { z } from 'zod'
import type { KeyRing } from '../../platform/key-ring.ts'
import { readPublicKey } from './audit-key.ts'
import type { AuditChain } from './audit-chain.ts'
import { checkExport } from './export-check.ts'
import type { Finding } from './finding.ts'

const usage = `Use: audit verify [--tenant TENANT] [--from INSTANT] [--to INSTANT]
     audit export --to FILE [--tenant TENANT]
     audit check FILE --key=PUBLIC_KEY
     audit public-key
     audit rotate-key [HOURS]`

export interface AuditCommand {
  /** Opened only for what needs the database. */
  readonly withChain: <Result>(
    /** @param unreached databases that did not answer: their tenants are not among `tenants` */
    work: (chain: AuditChain, tenants: readonly string[], unreached: readonly string[]) => Promise<Result>,
  ) => Promise<Result>
  readonly publicKey: () => Promise<string>
  /** The folder for keys alone. */
  readonly rotateKey: KeyRing['rotate']
  /** Of an export that names no tenant. */
  readonly tenant: string
  readonly print: (line: string) => void
}

/** A quarter of an hour: each process reads the folder once a minute. */
const graceHoursMin = 0.25
const graceHoursDefault = 24
const graceHoursMax = 365 * 24

const instantSchema = z.union([z.iso.datetime({ offset: true }), z.iso.date()])

/** @returns whether every log that was looked at is what was written */
export async function runAuditCommand(argv: readonly string[], command: AuditCommand): Promise<boolean> {
  const { values, positionals } = readArguments(argv)
  const [verb, ...rest] = positionals
  const { print } = command
  if (verb === 'verify' && rest.length === 0) return verify(values, command)
  if (verb === 'public-key' && rest.length === 0) {
    print(await command.publicKey())
    return true
  }
  if (verb === 'rotate-key' && rest.length <= 1) return rotate(rest[0], command)
  if (verb === 'export' && rest.length === 0 && values.to !== undefined) {
    const { tenant = command.tenant, to: file } = values
    await command.withChain((chain) => writeWhole(file, chain.export(tenant)))
    print(
      `The audit log of ${tenant} is in ${file}. Check it with: audit check ${file} --key=${await command.publicKey()}`,
    )
    return true
  }
  const [file] = rest
  if (verb === 'check' && rest.length === 1 && file !== undefined && values.key !== undefined) {
    const publicKey = readPublicKey(values.key)
    const input = createReadStream(file)
    try {
      const verdict = await checkExport(createInterface({ input, crlfDelay: Infinity }), publicKey)
      const { tenantId, positions, checkpoints, findings } = verdict
      return tell(print, { name: `export of ${tenantId}`, findings, seen: { from: 1, upTo: positions, checkpoints } })
    } catch (cause) {
      throw new OperationalError(`The file ${file} cannot be read: ${describeError(cause)}.`, { cause })
    }
  }
  throw new OperationalError(usage)
}

async function rotate(text = String(graceHoursDefault), { rotateKey, print }: AuditCommand): Promise<boolean> {
  const hours = Number(text)
  if (text.trim() === '' || !(hours >= graceHoursMin && hours <= graceHoursMax))
    throw new OperationalError(
      `The grace is from ${graceHoursMin} to ${graceHoursMax} hours, ${graceHoursDefault} when it is left out. Each process has to hear of the new key before it signs.`,
    )
  const { keyId, file, from } = await rotateKey(hours * 3_600_000)
  print(
    `The key ${keyId} signs checkpoints from ${from} on. Keep the older files: what they signed is believed of their time, and of no other. Keep the cloud running then: an entry of before that is sealed more than an hour later is named as not ours. Back up ${file}, and give out the new public key then ("audit public-key").`,
  )
  return true
}

async function verify(
  { tenant, from, to }: { tenant?: string; from?: string; to?: string },
  { withChain, print }: AuditCommand,
): Promise<boolean> {
  for (const instant of [from, to])
    if (instant !== undefined && !instantSchema.safeParse(instant).success)
      throw new OperationalError(`"${instant}" is not an instant. Write it as 2026-11-21 or 2026-11-21T09:00:00Z.`)
  return withChain(async (chain, tenants, unreached) => {
    const missed = unreached.map(
      (name) =>
        `The database ${name} did not answer: the logs of its tenants were not looked at. Run it again when that is back.`,
    )
    if (tenant !== undefined && !tenants.includes(tenant))
      throw new OperationalError(
        `There is no tenant "${tenant}" in this database. There are: ${tenants.join(', ')}.${missed.map((text) => ` ${text}`).join('')}`,
      )
    let isAllWhole = tenant !== undefined || missed.length === 0
    for (const tenantId of tenant === undefined ? tenants : [tenant]) {
      const { findings, ...seen } = await chain.verifier.verify(tenantId, { from, to })
      isAllWhole = tell(print, { name: tenantId, findings, seen }) && isAllWhole
    }
    if (tenant === undefined) for (const text of missed) print(text)
    return isAllWhole
  })
}

interface Told {
  readonly name: string
  readonly findings: readonly Finding[]
  readonly seen: { readonly from: number; readonly upTo: number; readonly checkpoints: number }
}

function tell(print: (line: string) => void, { name, findings, seen: { from, upTo, checkpoints } }: Told): boolean {
  const isWhole = findings.length === 0
  const range = upTo < from ? 'no entries' : `entries ${from} to ${upTo}`
  print(
    isWhole
      ? `${name}: whole. It has ${range}, which agree with the chain and ${checkpoints} signed checkpoints.`
      : `${name}: NOT WHOLE. Looked at ${range} and ${checkpoints} checkpoints. Restore the log from a backup beside this one and compare.`,
  )
  for (const { text } of findings) print(`  ${text}`)
  return isWhole
}

/** Beside its name until it is whole. */
async function writeWhole(file: string, lines: AsyncIterable<string>): Promise<void> {
  const beside = `${file}.part`
  try {
    await pipeline(Readable.from(lines), createWriteStream(beside, { mode: 0o600, flush: true }))
    renameSync(beside, file)
  } catch (cause) {
    rmSync(beside, { force: true })
    throw new OperationalError(`The file ${file} cannot be written: ${describeError(cause)}.`, { cause })
  }
}

function readArguments(argv: readonly string[]) {
  const text = { type: 'string' } as const
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { tenant: text, from: text, to: text, key: text },
    })
  } catch (cause) {
    throw new OperationalError(`${describeError(cause)}.\n${usage}`, { cause })
  }
}
