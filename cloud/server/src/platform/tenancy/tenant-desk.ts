import type { Clock } from '@jidoka/base'
import { describeError, OperationalError } from '@jidoka/base'
import type { NewTenant, TenantList, TenantMove, TenantMoveStep } from '@jidoka/contract'
import type { AuditPort } from '../../modules/audit/port.ts'
import type { TenantMaker } from '../../modules/identity/port.ts'
import type { Database } from '../db/database.ts'
import { allTenantsOf, tenantsAndUnreached } from '../db/tenants.ts'
import { ProblemError } from '../http/problem.ts'
import { beginsElsewhere } from '../request-scope.ts'
import type { KnownPlace, TenantDirectory } from './directory.ts'
import { tenancyChannel } from './directory.ts'
import { tenancyLimits } from './limits.ts'
import { claimMaking, forgetMaking } from './makings.ts'
import type { Making } from './makings.ts'
import type { MoveRow } from './move-repository.ts'
import { phaseOf, putPlace } from './move-repository.ts'
import { TenantMover } from './mover.ts'
import type { MoverParts } from './move-parts.ts'
import { instant } from './mover-lease.ts'
import { isTaken, takerOf } from './own-databases.ts'
import { mainDatabase } from './settings.ts'

export interface TenantDeskParts extends Pick<MoverParts, 'clock' | 'log'> {
  /** Null where there is one database. */
  readonly directory: TenantDirectory | null
  readonly database: Database
  readonly audit: AuditPort
  readonly identity: TenantMaker
}

/** What the platform's administrators do with tenants, from routes, jobs and the command line. */
export class TenantDesk {
  /** Null where there is one database, and nothing to move to. */
  readonly mover: TenantMover | null
  readonly #parts: TenantDeskParts

  constructor(parts: TenantDeskParts) {
    this.#parts = parts
    const { directory } = parts
    this.mover = directory === null ? null : new TenantMover({ ...parts, directory })
  }

  get databases(): readonly Pick<KnownPlace, 'name' | 'kind'>[] {
    return this.#parts.directory?.all ?? [{ name: mainDatabase, kind: 'main' }]
  }

  /** Of all databases. */
  ids(): Promise<string[]> {
    return allTenantsOf(this.#parts.database)
  }

  /** The same, and which databases did not answer. */
  reached(): ReturnType<typeof tenantsAndUnreached> {
    return tenantsAndUnreached(this.#parts.database)
  }

  async list(): Promise<TenantList> {
    const { directory } = this.#parts
    await directory?.read()
    const [{ tenants, unreached }, moves] = await Promise.all([this.reached(), this.moves()])
    return {
      databases: await Promise.all(
        this.databases.map(async ({ name, kind }) => {
          const answers = !unreached.includes(name)
          return { name, kind, answers, bytes: answers ? await this.#bytesOf(name) : null }
        }),
      ),
      tenants: tenants.map((id) => ({
        id,
        database: directory?.of(id).place.name ?? mainDatabase,
        move: moves.find((move) => move.tenant === id && move.ended_at === null) ?? null,
      })),
    }
  }

  /** Null where it is away by now. */
  async #bytesOf(name: string): Promise<number | null> {
    const { directory, database, log } = this.#parts
    const backend = directory === null ? database.backend : (directory.named(name)?.backend ?? null)
    try {
      const answer = await backend?.pool.query<{ bytes: number }>(
        'select pg_database_size(current_database()) as bytes',
      )
      return answer?.rows[0]?.bytes ?? null
    } catch (error) {
      log.warn({ action: 'tenants.size', success: false, database: name }, describeError(error))
      return null
    }
  }

  async moves(): Promise<TenantMove[]> {
    return ((await this.mover?.moves()) ?? []).map((move) => describeMove(move, this.#parts.clock))
  }

  /**
   * Makes a tenant with its first administrator, in the database that is named or that its name falls to.
   * @returns the password where it was made up here; it is nowhere else
   * @throws ProblemError `conflict` where one of the names is taken, `not_found` for a database that there is not
   */
  async create(
    { id, name, admin_login: login, admin_password: given, database: wanted }: NewTenant,
    by: string,
  ): Promise<{ database: string; password: string | null }> {
    const { directory, database, identity, clock } = this.#parts
    await directory?.read()
    if ((await allTenantsOf(database)).includes(id)) throw isThere(id)
    const wantedPlace = await this.#placeFor(id, wanted)
    await beginsElsewhere()
    const endMs = clock.monotonicMs() + tenancyLimits.makingMsMax
    const making = await this.#claim({ tenant: id, login, database: wantedPlace, by })
    const { database: place } = making
    // Of two that take it at once none has seen the other before.
    await this.#refuseSecondIn(place, id).catch(async (error: unknown) => {
      // Of one that could not be looked at, another request for the same may be under way.
      if (isConflict(error)) await forgetMaking(database.backend.pool, making)
      throw error
    })
    const before = directory?.of(id)
    // Of one that was refused the directory may name another.
    if (directory !== null && before !== undefined && place !== before.place.name) {
      const version = before.version + 1
      await putPlace(database.backend.pool, { tenant: id, database: place, version, channel: tenancyChannel })
      directory.learn(id, { database: place, version, from: mainDatabase })
    }
    const mayEnd = () => {
      if (clock.monotonicMs() > endMs)
        throw new OperationalError(
          `The tenant "${id}" was not made within ${tenancyLimits.makingMsMax / 1_000} s, and is not made any more. Do it again.`,
        )
    }
    try {
      const password = await identity.makeTenant({ tenantId: id, name, login, password: given ?? null, by, mayEnd })
      return { database: place, password }
    } catch (error) {
      // Refused: nothing of it was written, unless another request for the same has made it.
      if (isConflict(error) && !(await allTenantsOf(database)).includes(id))
        await forgetMaking(database.backend.pool, making)
      throw error
    }
  }

  /**
   * Takes the names of a new tenant in the main database, where all that are made anywhere meet. One that was begun and nothing came of is gone on with where
   * it was begun, by whoever asks for the same; for others its names are free after a while.
   * @returns with the database that it is made in
   * @throws ProblemError `conflict`
   */
  async #claim({ by, ...names }: { tenant: string; login: string; database: string; by: string }): Promise<Making> {
    const { database, clock } = this.#parts
    const main = database.backend.pool
    for (let isFirst = true; ; isFirst = false) {
      const nowMs = clock.nowMs()
      const answer = await claimMaking(main, { ...names, made_by: by, claimed_at: instant(nowMs) })
      if (answer.claimed !== null) return answer.claimed
      const { tenants, unreached } = await this.reached()
      for (const other of answer.others) {
        if (tenants.includes(other.tenant))
          throw other.tenant === names.tenant ? isThere(other.tenant) : hasLogin(names.login)
        const isForgotten =
          isFirst && unreached.length === 0 && nowMs - Date.parse(other.claimed_at) > tenancyLimits.makingForgottenMs
        if (!isForgotten)
          throw new ProblemError(
            'conflict',
            `The tenant "${other.tenant}" with the login "${other.login}" is being made by ${other.made_by}. Should nothing come of it, ask for the same again, or for another ${tenancyLimits.makingForgottenMs / 60_000} minutes later.`,
          )
        await forgetMaking(main, other)
      }
    }
  }

  async #refuseSecondIn(name: string, tenant: string): Promise<void> {
    const { directory } = this.#parts
    const place = directory?.named(name)
    if (directory === null || place?.kind !== 'own') return
    const taker = await takerOf(place, tenant, { ...this.#parts, directory })
    if (taker !== null) throw new ProblemError('conflict', isTaken(name, taker))
  }

  async #placeFor(id: string, wanted: string | undefined): Promise<string> {
    const { directory } = this.#parts
    const known = this.databases.find(({ name }) => name === wanted)
    if (wanted !== undefined && known === undefined)
      throw new ProblemError(
        'not_found',
        `There is no database "${wanted}"; there are ${this.databases.map(({ name }) => name).join(', ')}.`,
      )
    if (directory === null) return mainDatabase
    if (known !== undefined) await this.#refuseSecondIn(known.name, id)
    return known?.name ?? directory.placeForNew(id).name
  }
}

const isConflict = (error: unknown) => error instanceof ProblemError && error.kind === 'conflict'

const isThere = (id: string) => new ProblemError('conflict', `There is a tenant "${id}" already. Choose another id.`)

const hasLogin = (login: string) =>
  new ProblemError('conflict', `Somebody on this cloud has the login "${login}" already. Choose another.`)

export function describeMove(move: MoveRow, clock: Clock): TenantMove {
  const isWorkedOn = move.leased_until !== null && Date.parse(move.leased_until) > clock.nowMs()
  return {
    id: move.id,
    tenant: move.tenant,
    from: move.source,
    to: move.target,
    step: phaseOf(move) satisfies TenantMoveStep,
    worked_on: isWorkedOn,
    cancel_asked: move.cancel_asked,
    tables_done: move.tables_done,
    tables_total: move.tables_total,
    rows_copied: move.rows_copied,
    rows_expected: move.rows_expected,
    rows_verified: move.rows_verified,
    pause_ms: move.pause_ms,
    problem: move.problem,
    begun_at: move.begun_at,
    begun_by: move.begun_by,
    switched_at: move.switched_at,
    dropped_from: move.switched_at === null ? null : instant(Date.parse(move.switched_at) + tenancyLimits.graceMs),
    ended_at: move.ended_at,
  }
}
