import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { ConfigError, isErrno } from './errors.ts'

export interface ConfigSources {
  /** Usually `process.env`; handed in so that only a composition root reads it. */
  environment: Readonly<Record<string, string | undefined>>
  /** Environment name to configuration path: `{ JIDOKA_HTTP_PORT: 'http.port' }`. */
  names: Readonly<Record<string, string>>
  /** A JSON file; what the environment says goes over it. */
  file?: string | undefined
}

/**
 * Reads a program's configuration: defaults of the schema, then the file, then the environment.
 * Throws one ConfigError that holds a sentence for every mistake found, so that all are mended in one go.
 */
export function loadConfig<Schema extends z.ZodType>(schema: Schema, sources: ConfigSources): z.output<Schema> {
  const config: Record<string, unknown> = sources.file === undefined ? {} : readFile(sources.file)
  for (const [name, path] of Object.entries(sources.names)) {
    const text = sources.environment[name]
    if (text !== undefined && text !== '') put(config, path.split('.'), text)
  }
  const slips = misspelt(sources)
  const parsed = schema.safeParse(config)
  if (parsed.success && slips.length === 0) return parsed.data
  if (parsed.success) throw new ConfigError(slips, sources.file)
  const environmentNames = new Map(Object.entries(sources.names).map(([name, path]) => [path, name]))
  throw new ConfigError(
    [...slips, ...parsed.error.issues.flatMap((issue) => sentences(issue, environmentNames, knownKeys(schema)))],
    sources.file,
  )
}

/** A number that may also come as text, as it does from the environment. */
export const numberSetting = (inner: z.ZodNumber) =>
  z.preprocess((value) => (typeof value === 'string' && value.trim() !== '' ? Number(value) : value), inner)

export const booleanSetting = z.preprocess(
  (value) => (value === 'true' || value === '1' ? true : value === 'false' || value === '0' ? false : value),
  z.boolean(),
)

/** 0 asks the system for any free port. */
export const portSetting = numberSetting(z.number().int().min(0).max(65_535))

function readFile(file: string): Record<string, unknown> {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    const why = isErrno(cause, 'ENOENT') ? 'there is no such file' : String(cause)
    throw new ConfigError([`The configuration file ${file} cannot be read: ${why}.`], file, { cause })
  }
  try {
    const value: unknown = JSON.parse(text)
    if (value === null || typeof value !== 'object' || Array.isArray(value))
      throw new SyntaxError('it is not an object')
    return value as Record<string, unknown>
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new ConfigError([`The configuration file ${file} is not JSON: ${why}.`], file, { cause })
  }
}

function put(target: Record<string, unknown>, path: string[], value: string): void {
  const [head, ...rest] = path
  if (head === undefined) return
  if (rest.length === 0) {
    target[head] = value
    return
  }
  const inner = target[head]
  const next = typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>) : {}
  target[head] = next
  put(next, rest, value)
}

function sentences(
  issue: z.core.$ZodIssue,
  environmentNames: ReadonlyMap<string, string>,
  known: ReadonlySet<string>,
): string[] {
  const path = issue.path.join('.')
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const near = nearest(key, known)
      return `"${path ? `${path}.` : ''}${key}" is not a setting${near ? `; did you mean "${near}"?` : '.'}`
    })
  }
  // A list is one variable, whichever of its entries is wrong.
  const name = environmentNames.get(path) ?? environmentNames.get(issue.path.slice(0, -1).join('.'))
  return [`"${path}"${name ? ` (${name})` : ''} is wrong: ${issue.message}.`]
}

/** Names in the environment that are nearly one of ours: other programs have names of their own, so only a slip is told. */
function misspelt({ environment, names }: ConfigSources): string[] {
  return Object.keys(environment)
    .filter((name) => name.startsWith('JIDOKA_') && !Object.hasOwn(names, name))
    .flatMap((name) => {
      const near = nearest(name, Object.keys(names), slipEditsMax)
      return near ? [`"${name}" in the environment is not a setting; did you mean "${near}"?`] : []
    })
}

/** A letter left out, doubled or two of them swapped: `JIDOKA_CLOUD_DATA` and `JIDOKA_DATA` are further apart. */
const slipEditsMax = 2

function knownKeys(schema: z.ZodType, found = new Set<string>()): Set<string> {
  let inner: unknown = schema
  while (inner instanceof z.ZodDefault || inner instanceof z.ZodOptional || inner instanceof z.ZodPrefault)
    inner = inner.unwrap()
  if (inner instanceof z.ZodObject) {
    for (const [key, member] of Object.entries(inner.shape)) {
      found.add(key)
      knownKeys(member as z.ZodType, found)
    }
  }
  return found
}

function nearest(word: string, candidates: Iterable<string>, editsMax = 3): string | undefined {
  let best: string | undefined
  // Three edits: enough for a slip or a transposition, too few to propose an unrelated name.
  let bestDistance = editsMax + 1
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance]
  }
  return best
}

function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let i = 1; i <= left.length; i++) {
    const next = [i]
    for (let j = 1; j <= right.length; j++) {
      const swap = (row[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1)
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[right.length] ?? 0
}
