import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { describeError, OperationalError } from '@jidoka/base'
import type { LineToCloud } from '@jidoka/contract'
import type { JournalReader, RuleInForce, StoredCommand } from '../../ports.ts'
import { scrub, withoutSecrets } from './scrub.ts'
import { tar } from './tar.ts'

export const bundleLimits = {
  /** What the cloud takes of one; ours have some 100 KB. More is a fault that must not fill the disk. */
  bytesMax: 16 * 1024 * 1024,
  /** Of each list, newest first: what a person reads through. */
  rowsMax: 1_000,
} as const

/** Where a bundle gets what it holds. */
export interface BundleSources {
  readonly version: string
  /** As it was read; what is secret in it does not leave. */
  readonly config: unknown
  /** Everything that must not leave, should it stand anywhere in what is gathered: passwords, keys, hashes, tokens. */
  readonly secrets: () => readonly string[]
  readonly metricsText: () => Promise<string>
  readonly lineToCloud: () => LineToCloud
  readonly notReady: () => readonly string[]
  readonly schemaText: () => string
  readonly logText: () => string
  readonly rules: () => Promise<readonly RuleInForce[]>
  readonly reader: Pick<JournalReader, 'epoch' | 'lanes' | 'outages' | 'deadLetters' | 'desired' | 'tags'>
  readonly commands: (limit: number) => readonly StoredCommand[]
  /** What the last start found worth telling a person. */
  readonly found: string | null
  readonly startedMs: number
}

export interface SupportBundle {
  /** A gzipped tar archive. */
  readonly bytes: Buffer
  readonly sha256: string
  readonly files: number
}

const compress = promisify(gzip)

/**
 * Gathers what somebody far away needs to understand this appliance. No readings, no keys, no passwords and no hashes of them. Of dead
 * letters neither sample nor detail, which quotes it: a device may send anything.
 */
export async function makeSupportBundle(sources: BundleSources, nowMs: number): Promise<SupportBundle> {
  const { reader } = sources
  const contents: Record<string, () => unknown> = {
    'about.json': () => ({
      made_at: new Date(nowMs).toISOString(),
      version: sources.version,
      node: process.version,
      modules: process.versions,
      platform: `${process.platform} ${process.arch}`,
      started_at: new Date(sources.startedMs).toISOString(),
      found_at_start: sources.found,
      not_ready: sources.notReady(),
      memory: process.memoryUsage(),
    }),
    'config.json': () => withoutSecrets(sources.config),
    'metrics.txt': () => sources.metricsText(),
    'status.json': () => sources.lineToCloud(),
    'store.json': () => ({ epoch: reader.epoch, lanes: reader.lanes(), tags: reader.tags().length }),
    'schema.sql': () => sources.schemaText(),
    'log.ndjson': () => withoutDetails(sources.logText()),
    'rules.json': async () => (await sources.rules()).map(describeRule),
    'desired.json': () => reader.desired().map(({ kind, key, version }) => ({ kind, key, version })),
    'commands.json': () => sources.commands(bundleLimits.rowsMax).map(describeCommand),
    'outages.json': () => reader.outages(bundleLimits.rowsMax),
    'dead-letters.json': () =>
      reader
        .deadLetters(bundleLimits.rowsMax)
        .map(({ atMs, source, topic, reason }) => ({ atMs, source, topic, reason })),
  }
  const secrets = sources.secrets()
  const files = []
  for (const [name, read] of Object.entries(contents))
    files.push({ name, content: Buffer.from(scrub(await textOf(read), secrets)) })
  const bytes = await compress(tar(files, nowMs))
  if (bytes.length > bundleLimits.bytesMax)
    throw new OperationalError(
      `The support bundle would have ${bytes.length} bytes, and ${bundleLimits.bytesMax} are the most. Ask for single parts of it.`,
    )
  return { bytes, sha256: createHash('sha256').update(bytes).digest('hex'), files: files.length }
}

/** A part that cannot be read says so in its place: a bundle is asked for when something is broken. */
async function textOf(read: () => unknown): Promise<string> {
  try {
    const value = await read()
    return typeof value === 'string' ? value : `${JSON.stringify(value, null, 2)}\n`
  } catch (error) {
    return `This could not be gathered: ${describeError(error)}\n`
  }
}

/** A warning of dead letters quotes the newest one: its line keeps how many there were, of what and why. */
function withoutDetails(log: string): string {
  return log.replace(/^.*"action":"dead_letter".*$/gm, (line) => {
    const { message: _, ...rest } = JSON.parse(line) as Record<string, unknown>
    return JSON.stringify(rest)
  })
}

/** Without its script and parameters: those are the plant's own knowledge. The hash says which they are. */
const describeRule = ({ definition: { id, version, enabled, trigger }, ...rule }: RuleInForce) => ({
  id,
  version,
  enabled,
  trigger: trigger.on,
  ...rule,
})

const describeCommand = ({ command, ...rest }: StoredCommand) => ({
  ...rest,
  name: command.what.name,
  issued_by: command.issued_by,
  issued_at_ms: command.issued_at_ms,
  expires_at_ms: command.expires_at_ms,
})
