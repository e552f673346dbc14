import { createHash } from 'node:crypto'
import { tenantIdSchema } from '@jidoka/domain'
import type { z } from 'zod'
import { cacheLimits } from './limits.ts'

/** One kind of thing that is cached, defined once by the module that owns it. */
export interface CacheKind<Value> {
  /** `{service}:{type}`, the beginning of its keys and its label in the metrics. */
  readonly name: `${string}:${string}`
  /** A value from Redis that is not one of these is as if it were not there. */
  readonly schema: z.ZodType<Value>
  readonly ttlMs: number
  /** How long it is remembered that there is nothing. Absent: not at all. */
  readonly nothingTtlMs?: number
  /** Loading costs so much that one process alone shall do it. */
  readonly isDear?: boolean
  /** What is right now and may be another the next time is not kept. */
  readonly isKept?: (value: Value) => boolean
}

export interface CachePlace<Value> {
  readonly kind: CacheKind<Value>
  /** Part of the key: nothing is ever found across tenants (I6). */
  readonly tenantId: string
  readonly key: string
  /** What makes it void when it is dropped; of the same tenant. */
  readonly tags?: readonly string[]
}

/** What modules see of the cache. Values are shared: whoever changes one changes it for all. */
export interface CachePort {
  /** The cached value, else what `load` gives; null where there is nothing. One load of a key at a time. */
  read<Value>(place: CachePlace<Value>, load: () => Promise<Value | null>): Promise<Value | null>
  /** Several of one kind, remembered in this process alone: for what is as quickly loaded from the database as it is from Redis. */
  readLocal<Value>(
    place: Omit<CachePlace<Value>, 'key'> & { readonly keys: readonly string[] },
    load: (missing: string[]) => Promise<ReadonlyMap<string, Value>>,
  ): Promise<Map<string, Value>>
  /** What is cached with these tags is void: here at once, and in all processes in a moment. */
  drop(tenantId: string, tags: readonly string[]): void
}

/** `{service}:{type}:{tenant_id}:{key}`: a tenant's id has no colon, so that no key can name another one's. */
export const keyOf = (name: string, tenantId: string, key: string): string => keysOf(name, tenantId)(key)

/** The same for many keys of one tenant, whose id is looked at once. */
export function keysOf(name: string, tenantId: string): (key: string) => string {
  const beginning = `${name}:${tenantIdSchema.parse(tenantId)}:`
  return (key) =>
    beginning + (key.length <= cacheLimits.keyCharsMax ? key : createHash('sha256').update(key).digest('hex'))
}

/** A tag is a key like others. */
export const tagOf = (tenantId: string, tag: string): string => keyOf('cache:tag', tenantId, tag)
