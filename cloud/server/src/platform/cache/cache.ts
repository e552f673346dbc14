import type { Clock, Log } from '@jidoka/base'
import { describeError } from '@jidoka/base'
import type { Registry } from 'prom-client'
import { Counter, Gauge } from 'prom-client'
import { cacheLimits } from './limits.ts'
import { LocalEntries } from './local-entries.ts'
import type { CacheKind, CachePlace, CachePort } from './port.ts'
import { keyOf, keysOf, tagOf } from './port.ts'
import type { SharedStore } from './shared-store.ts'
import { Untold } from './untold.ts'

export interface CacheParts {
  clock: Clock
  log: Log
  registry: Registry
  /** Null: this process remembers alone. */
  shared: SharedStore | null
  /** Tells the other processes; null where there are none. */
  tellDrop: ((tenantId: string, tags: readonly string[]) => void) | null
  random?: () => number
}

interface Load {
  readonly promise: Promise<unknown>
  readonly tags: readonly string[]
  isVoid: boolean
}

type Result = 'local' | 'shared' | 'nothing' | 'coalesced' | 'miss' | 'degraded' | 'poisoned'

/** A memory of this process before one that all share. Everything goes on without the shared one. */
export class Cache implements CachePort {
  readonly #parts: CacheParts
  readonly #entries = new LocalEntries()
  readonly #loads = new Map<string, Load>()
  readonly #untold: Untold | null
  readonly #reads: Counter<'cache' | 'result'>
  readonly #drops: Counter
  #localLoads = 0
  readonly #random: () => number

  constructor(parts: CacheParts) {
    this.#parts = parts
    this.#random = parts.random ?? Math.random
    this.#untold = parts.shared === null ? null : new Untold(parts.shared, parts.clock)
    const registers = [parts.registry]
    this.#reads = new Counter({
      name: 'jidoka_cache_reads_total',
      help: 'Reads by kind and result: local, shared (Redis), nothing (known not to be), coalesced, miss, degraded (loaded as Redis was away), poisoned (Redis held what is no such value)',
      labelNames: ['cache', 'result'],
      registers,
    })
    this.#drops = new Counter({ name: 'jidoka_cache_tags_dropped_total', help: 'Tags made void here', registers })
    const size = () => this.#entries.size
    new Gauge({
      name: 'jidoka_cache_entries',
      help: 'Values remembered in this process',
      registers,
      collect() {
        this.set(size())
      },
    })
  }

  async read<Value>(place: CachePlace<Value>, load: () => Promise<Value | null>): Promise<Value | null> {
    const key = keyOf(place.kind.name, place.tenantId, place.key)
    const tags = (place.tags ?? []).slice(0, cacheLimits.tagsMax).map((tag) => tagOf(place.tenantId, tag))
    const entry = this.#entries.get(key, this.#parts.clock.monotonicMs())
    if (entry !== undefined) {
      this.#count(place.kind, entry.value === null ? 'nothing' : 'local')
      return entry.value as Value | null
    }
    const running = this.#loads.get(key)
    if (running !== undefined) {
      try {
        const value = (await running.promise) as Value | null
        this.#count(place.kind, 'coalesced')
        return value
      } catch {
        // The other's failure (its transaction, its time) is not this one's.
        return load()
      }
    }
    const promise = this.#fetch(place, { key, tags, load })
    const mine: Load = { promise, tags, isVoid: false }
    this.#loads.set(key, mine)
    try {
      const value = await promise
      if (!mine.isVoid) this.#remember(place.kind, key, tags, value)
      return value
    } finally {
      if (this.#loads.get(key) === mine) this.#loads.delete(key)
    }
  }

  async readLocal<Value>(
    { kind, tenantId, keys, tags = [] }: Omit<CachePlace<Value>, 'key'> & { readonly keys: readonly string[] },
    load: (missing: string[]) => Promise<ReadonlyMap<string, Value>>,
  ): Promise<Map<string, Value>> {
    const nowMs = this.#parts.clock.monotonicMs()
    const found = new Map<string, Value>()
    const missing: string[] = []
    const fullKey = keysOf(kind.name, tenantId)
    for (const key of keys) {
      const entry = this.#entries.get(fullKey(key), nowMs)
      if (entry === undefined) missing.push(key)
      else found.set(key, entry.value as Value)
    }
    if (found.size > 0) this.#count(kind, 'local', found.size)
    if (missing.length > 0) this.#count(kind, 'miss', missing.length)
    if (missing.length === 0) return found
    const places = tags.map((tag) => tagOf(tenantId, tag))
    const promise = load(missing)
    // Under a name that no other read has: it is only to hear of drops meanwhile.
    const mine: Load = { promise, tags: places, isVoid: false }
    const name = `${kind.name} ${this.#localLoads++}`
    this.#loads.set(name, mine)
    try {
      for (const [key, value] of await promise) {
        found.set(key, value)
        if (!mine.isVoid) this.#remember(kind, fullKey(key), places, value)
      }
    } finally {
      this.#loads.delete(name)
    }
    return found
  }

  drop(tenantId: string, tags: readonly string[]): void {
    this.forget(tenantId, tags)
    this.#drops.inc(tags.length)
    const tell = () => this.#parts.tellDrop?.(tenantId, tags)
    // Redis first: a process that hears of it and asks there must not find the old value.
    if (this.#untold === null) tell()
    else void this.#untold.drop(tags.map((tag) => tagOf(tenantId, tag))).then(tell)
  }

  /** The same as `drop` for what another process has dropped; null: for everything, as something may not have been heard. */
  forget(tenantId: string | null, tags: readonly string[]): void {
    if (tenantId === null) {
      this.#entries.clear()
      for (const load of this.#loads.values()) load.isVoid = true
      this.#loads.clear()
      return
    }
    const dropped = new Set(tags.map((tag) => tagOf(tenantId, tag)))
    for (const tag of dropped) this.#entries.dropTag(tag)
    for (const [key, load] of this.#loads) {
      if (!load.tags.some((tag) => dropped.has(tag))) continue
      load.isVoid = true
      // Who comes from now on does not wait for a value from before.
      this.#loads.delete(key)
    }
  }

  /** For tests: when everything that was dropped is told to Redis. */
  async told(): Promise<void> {
    await this.#untold?.told()
  }

  async #fetch<Value>(
    { kind }: CachePlace<Value>,
    { key, tags, load }: { key: string; tags: readonly string[]; load: () => Promise<Value | null> },
  ): Promise<Value | null> {
    const { shared } = this.#parts
    if (shared === null) {
      this.#count(kind, 'miss')
      return load()
    }
    const asked = await this.#ask(kind, key, tags)
    if (asked === 'degraded') {
      this.#count(kind, 'degraded')
      return load()
    }
    if (asked.kept !== undefined) {
      this.#count(kind, asked.kept === null ? 'nothing' : 'shared')
      return asked.kept
    }
    if (kind.isDear !== true) return this.#loadAndShare(kind, { key, stamp: asked.stamp, load })
    return this.#loadAlone(kind, { key, tags, stamp: asked.stamp, load })
  }

  /** What Redis has; `kept` undefined: nothing. */
  async #ask<Value>(
    kind: CacheKind<Value>,
    key: string,
    tags: readonly string[],
  ): Promise<{ kept: Value | null | undefined; stamp: string } | 'degraded'> {
    const { shared } = this.#parts
    if (shared === null || !shared.isUp || this.#untold?.has(tags) === true) return 'degraded'
    try {
      const { text, stamp } = await shared.get(key, tags)
      return { kept: text === null ? undefined : this.#parse(kind, key, text), stamp }
    } catch {
      // Its store leaves it alone for a moment, and the metrics say so.
      return 'degraded'
    }
  }

  #parse<Value>(kind: CacheKind<Value>, key: string, text: string): Value | null | undefined {
    if (text === 'null') return null
    try {
      return kind.schema.parse(JSON.parse(text))
    } catch (error) {
      this.#count(kind, 'poisoned')
      this.#parts.log.warn(
        { action: 'cache.read', success: false, cache: kind.name },
        `${key}: ${describeError(error).slice(0, 500)}`,
      )
      return undefined
    }
  }

  async #loadAlone<Value>(
    kind: CacheKind<Value>,
    request: { key: string; tags: readonly string[]; stamp: string; load: () => Promise<Value | null> },
  ): Promise<Value | null> {
    const { shared, clock } = this.#parts
    const untilMs = clock.monotonicMs() + cacheLimits.lockMs
    let { stamp } = request
    for (;;) {
      const unlock = await shared?.lock(request.key, cacheLimits.lockMs).catch(() => undefined)
      if (unlock !== null) {
        try {
          return await this.#loadAndShare(kind, { ...request, stamp })
        } finally {
          // One that is not given back ends by itself.
          await unlock?.().catch(() => undefined)
        }
      }
      if (clock.monotonicMs() >= untilMs) return this.#loadAndShare(kind, { ...request, stamp })
      await new Promise<void>((resolve) => clock.after(cacheLimits.lockLookMs, resolve))
      const asked = await this.#ask(kind, request.key, request.tags)
      if (asked === 'degraded') return this.#loadAndShare(kind, { ...request, stamp })
      if (asked.kept !== undefined) {
        this.#count(kind, 'coalesced')
        return asked.kept
      }
      ;({ stamp } = asked)
    }
  }

  async #loadAndShare<Value>(
    kind: CacheKind<Value>,
    { key, stamp, load }: { key: string; stamp: string; load: () => Promise<Value | null> },
  ): Promise<Value | null> {
    this.#count(kind, 'miss')
    const value = await load()
    const ttlMs = keptMs(kind, value)
    const { shared } = this.#parts
    if (ttlMs === null || shared?.isUp !== true) return value
    const text = JSON.stringify(value)
    if (Buffer.byteLength(text) > cacheLimits.valueBytesMax) return value
    const stored = shared.set(key, text, { stamp, ttlMs: this.#spread(ttlMs) })
    // Who waits for this key in another process looks for it: it must be there before the right to load is given back.
    if (kind.isDear === true) await stored.catch(() => undefined)
    else stored.catch(() => undefined)
    return value
  }

  #remember<Value>(kind: CacheKind<Value>, key: string, tags: readonly string[], value: Value | null): void {
    const ttlMs = keptMs(kind, value)
    if (ttlMs === null) return
    const untilMs = this.#parts.clock.monotonicMs() + this.#spread(Math.min(ttlMs, cacheLimits.localMsMax))
    this.#entries.set(key, { value, untilMs, tags })
  }

  #spread(ms: number): number {
    return ms * (1 + cacheLimits.jitter * (2 * this.#random() - 1))
  }

  #count(kind: { readonly name: string }, result: Result, times = 1): void {
    this.#reads.inc({ cache: kind.name, result }, times)
  }
}

/** Null: not at all. */
function keptMs<Value>(kind: CacheKind<Value>, value: Value | null): number | null {
  if (value === null) return kind.nothingTtlMs ?? null
  return kind.isKept?.(value) === false ? null : Math.min(kind.ttlMs, cacheLimits.ttlMsMax)
}
