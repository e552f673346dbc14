import { createHash } from 'node:crypto'
import type { Clock, Log, Service } from '@jidoka/base'
import { describeError } from '@jidoka/base'
import type { Backend } from '../db/backend.ts'
import type { Place, Places, Redirect } from '../db/places.ts'
import { tenancyLimits } from './limits.ts'
import { mainDatabase } from './settings.ts'

export const tenancyChannel = 'jidoka_tenants'

export interface KnownPlace extends Place {
  readonly kind: 'main' | 'shard' | 'own'
  backend: Backend | null
}

interface Seat {
  readonly place: KnownPlace
  readonly version: number
}

/**
 * Which database serves which tenant: a map in memory, filled from the main database, told of changes, and corrected by what the databases themselves
 * say. A tenant that it does not hold is in the main one.
 */
export class TenantDirectory implements Places, Service {
  readonly name = 'tenant-directory'
  readonly all: readonly KnownPlace[]
  readonly #main: KnownPlace
  readonly #home: Seat
  readonly #seats = new Map<string, Seat>()
  readonly #clock: Clock
  readonly #log: Log
  #unlisten: () => Promise<void> = () => Promise.resolve()
  #cancel: () => void = () => undefined
  #reading: Promise<void> = Promise.resolve()
  #isStopped = false

  constructor({ places, clock, log }: { places: readonly KnownPlace[]; clock: Clock; log: Log }) {
    const main = places.find(({ name }) => name === mainDatabase)
    if (main === undefined) throw new Error('a directory lies in a main database')
    this.all = places
    this.#main = main
    this.#home = { place: main, version: 0 }
    this.#clock = clock
    this.#log = log
  }

  of(tenantId: string): Seat {
    return this.#seats.get(tenantId) ?? this.#home
  }

  learn(tenantId: string, { database, version, from }: Redirect): boolean {
    const place = this.named(database ?? from)
    if (place === null) return false
    // What a database says of itself outweighs what was heard: it knows who is at home. Of another it may know less than this process does.
    if (database === null || version > this.of(tenantId).version) this.#seats.set(tenantId, { place, version })
    return true
  }

  missed({ name }: Place, error: unknown): void {
    this.#log.warn({ action: 'tenancy.ask', success: false, database: name }, describeError(error))
  }

  named(name: string): KnownPlace | null {
    return this.all.find((place) => place.name === name) ?? null
  }

  /** Where a new tenant belongs: by its name alone, and so that another shard takes tenants from all of them and changes no other place. */
  placeForNew(tenantId: string): KnownPlace {
    const takes = this.all.filter(({ kind }) => kind !== 'own')
    const weight = ({ name }: KnownPlace) => createHash('sha256').update(`${name} ${tenantId}`).digest('hex')
    return takes.toSorted((left, right) => (weight(left) < weight(right) ? 1 : -1))[0] ?? this.#main
  }

  async start(): Promise<void> {
    const readNow = () => this.#readNow()
    this.#unlisten = (await this.#main.backend?.listen(tenancyChannel, readNow, readNow)) ?? this.#unlisten
    await this.read()
    this.#again()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cancel()
    await this.#unlisten()
    await this.#reading
  }

  /** What the directory in the main database says; of a tenant that this process knows better, that stays. */
  async read(): Promise<void> {
    const { rows } = (await this.#main.backend?.pool.query<{ tenant: string; database: string; version: number }>(
      'select tenant, database, version from jidoka.tenant_places',
    )) ?? { rows: [] }
    for (const { tenant, database, version } of rows) {
      const place = this.named(database)
      if (place === null) {
        this.#log.error(
          { action: 'tenancy.read', success: false, tenant, database },
          `the directory names the database "${database}", whose address this process does not have: its tenants are not served here. Set JIDOKA_CLOUD_SHARDS or JIDOKA_CLOUD_OWN_DATABASES as the other processes have them`,
        )
        this.#seats.set(tenant, { place: { name: database, kind: 'own', backend: null }, version })
      } else if (version >= this.of(tenant).version) this.#seats.set(tenant, { place, version })
    }
  }

  #readNow(): void {
    this.#reading = this.#reading
      .then(() => this.read())
      .catch((error: unknown) => this.#log.warn({ action: 'tenancy.read', success: false }, describeError(error)))
  }

  #again(): void {
    if (this.#isStopped) return
    this.#cancel = this.#clock.after(tenancyLimits.pollMs, () => {
      this.#readNow()
      void this.#reading.then(() => this.#again())
    })
  }
}
