import { describeError, OperationalError, uuidv7 } from '@jidoka/base'
import type { Backend } from '../db/backend.ts'
import { allTenantsOf } from '../db/tenants.ts'
import { beginsElsewhere } from '../request-scope.ts'
import type { KnownPlace } from './directory.ts'
import { tenancyChannel } from './directory.ts'
import { catchUp, copyTables, verifyTables } from './carry.ts'
import { claimFence, fenceOf, forgetFence, putFence } from './fences.ts'
import { tenancyLimits } from './limits.ts'
import type { MoveRow } from './move-repository.ts'
import {
  askToCancel,
  findMove,
  insertMove,
  listMoves,
  openMoveOf,
  othersAt,
  putPlace,
  withdrawMove,
} from './move-repository.ts'
import { CancelAskedError, instant, MoverLease } from './mover-lease.ts'
import type { Watcher } from './mover-lease.ts'
import { isTaken, takerOf } from './own-databases.ts'
import { asOwnerOf } from './owner-transaction.ts'
import type { Ends, MovePoint, MoverParts } from './move-parts.ts'
import { firstTableWithRows, removeRows } from './removal.ts'
import { lackingMonths, makeMonths, monthsOf, readTables, refuseRetired } from './target-shape.ts'
import type { TenantTable } from './tenant-tables.ts'
import { expectedRows } from './tenant-tables.ts'
import { MoverReplacedError, Transfer } from './transfer.ts'
import { switchTenant } from './switch.ts'
import { letOwnerIn, noteChanges, refuseChanges, shutOwnerOut, unwatch } from './watch.ts'

/**
 * Moves tenants between databases while they are used: what is there is copied, what is written meanwhile is noted by triggers and taken over, and for the
 * moment of the switch writes wait. Each step can be done again, so a move that was killed goes on where it was. See docs/adr/0035.
 */
export class TenantMover {
  readonly #parts: MoverParts

  constructor(parts: MoverParts) {
    this.#parts = parts
  }

  get #main() {
    return this.#reachable('main').pool
  }

  moves(): Promise<MoveRow[]> {
    return listMoves(this.#main, tenancyLimits.movesShown)
  }

  openMoveOf(tenant: string): Promise<MoveRow | null> {
    return openMoveOf(this.#main, tenant)
  }

  /** Notes that a tenant shall move; `run` does it. @throws OperationalError where it cannot */
  async begin(tenant: string, targetName: string, by: string): Promise<MoveRow> {
    const { directory, database, clock, audit } = this.#parts
    await directory.read()
    const target = directory.named(targetName)
    if (target === null)
      throw new OperationalError(
        `There is no database "${targetName}"; there are ${directory.all.map(({ name }) => name).join(', ')}.`,
      )
    const tenants = await allTenantsOf(database)
    if (!tenants.includes(tenant)) throw new OperationalError(`There is no tenant "${tenant}". Look at: tenant list`)
    const { place: source, version } = directory.of(tenant)
    if (source.name === target.name) throw new OperationalError(`The tenant "${tenant}" is in "${targetName}" already.`)
    this.#reachable(source.name)
    this.#reachable(target.name)
    await this.#refuseSecondIn(target, tenant)
    const begun_at = instant(clock.nowMs())
    const id = uuidv7(clock.nowMs())
    await beginsElsewhere()
    const isNew = await insertMove(this.#main, {
      id,
      tenant,
      source: source.name,
      target: target.name,
      version,
      begun_at,
      begun_by: by,
    })
    const move = await this.openMoveOf(tenant)
    if (!isNew || move === null)
      throw new OperationalError(
        move?.step === 'switched'
          ? `What the tenant "${tenant}" has left in "${move.source}" is not dropped yet. Wait for the week to pass, or drop it now: tenant drop-old ${tenant} --now`
          : `The tenant "${tenant}" is being moved already. Look at it (tenant status ${tenant}), or end it (tenant cancel ${tenant}).`,
      )
    // Of two that take a database for one tenant at once none has seen the other before.
    await this.#refuseSecondIn(target, tenant).catch(async (error: unknown) => {
      await withdrawMove(this.#main, id)
      throw error
    })
    await database.withTenant(tenant, (tx) =>
      audit.append(tx, {
        actor: by,
        action: 'tenant.move_begin',
        subject: tenant,
        detail: { from: source.name, to: target.name },
      }),
    )
    return move
  }

  async #refuseSecondIn(target: KnownPlace | null, tenant: string): Promise<void> {
    if (target?.kind !== 'own') return
    const taker = await takerOf(target, tenant, this.#parts)
    if (taker !== null) throw new OperationalError(isTaken(target.name, taker))
  }

  /** Goes on with a move up to its switch, wherever it stands. @returns how it stands then: switched, or cancelled. @throws what kept it from there; it can be run again */
  run(id: string, watcher: Watcher = {}): Promise<MoveRow> {
    return this.#leased(id, watcher, async (ends) => {
      const { move, lease } = ends
      if (move.step === 'switched' || move.ended_at !== null) return
      // Killed behind the switch: what is left is to tell of it.
      if (await this.#isSwitched(ends)) return this.#tell(ends, null)
      try {
        if (move.cancel_asked) throw new CancelAskedError('The move was cancelled.')
        await this.#toTheSwitch(ends)
      } catch (error) {
        if (!(error instanceof CancelAskedError)) throw error
        lease.keepOn()
        await this.#undo(ends)
      }
    })
  }

  /** Notes that a move shall end; `run` does it, of whichever program. @returns why it is too late; null: noted, or it has ended so already */
  async tooLateToCancel(id: string, by: string): Promise<string | null> {
    const isNoted = await askToCancel(this.#main, id, by)
    const move = await findMove(this.#main, id)
    if (move === null || move.step === 'cancelled') return null
    // The switch is in the source's own database, and comes to the directory a moment later.
    if (isNoted && !(await this.#isSwitched({ move, source: this.#reachable(move.source) }))) return null
    return `The tenant "${move.tenant}" has been served by "${move.target}" since ${move.switched_at ?? 'its switch'}: the move cannot be cancelled any more. Move the tenant back to "${move.source}" instead, once what it has left there is dropped.`
  }

  /** Notes that the move of a tenant shall end; `run` does it, of whichever program. @returns null where it is too late or there is none */
  async askToCancel(tenant: string, by: string): Promise<MoveRow | null> {
    const move = await this.openMoveOf(tenant)
    return move !== null && (await this.tooLateToCancel(move.id, by)) === null ? move : null
  }

  /** Has a move end: at once where no program works on it, else by that program. @returns null where it is too late or there is none */
  async cancel(tenant: string, by: string): Promise<MoveRow | null> {
    const move = await this.askToCancel(tenant, by)
    if (move === null) return null
    const isWorkedOn = move.leased_until !== null && Date.parse(move.leased_until) > this.#parts.clock.nowMs()
    return isWorkedOn ? this.openMoveOf(tenant) : this.run(move.id)
  }

  /** The move of which something is left behind that may go now. @param isEarly before the grace is over. @throws OperationalError where there is nothing, or not yet */
  async leftBehind(tenant: string, isEarly: boolean): Promise<MoveRow> {
    const move = await this.openMoveOf(tenant)
    if (move?.step !== 'switched' || move.switched_at === null)
      throw new OperationalError(`The tenant "${tenant}" has left nothing behind. Look at: tenant status`)
    const from = Date.parse(move.switched_at) + tenancyLimits.graceMs
    if (!isEarly && this.#parts.clock.nowMs() < from)
      throw new OperationalError(
        `What "${tenant}" has left in "${move.source}" is kept until ${instant(from)}. To drop it before: tenant drop-old ${tenant} --now`,
      )
    return move
  }

  /** Removes what a moved tenant has left behind. @param isEarly before the grace is over. @throws OperationalError where there is nothing to drop, or not yet */
  async dropOld(tenant: string, by: string, isEarly = false): Promise<MoveRow> {
    const { clock, database, audit } = this.#parts
    const move = await this.leftBehind(tenant, isEarly)
    return this.#leased(move.id, {}, async ({ move: leased, source, lease }) => {
      // Another program may have dropped it since, and the tenant may be on its way back.
      if (leased.step !== 'switched' || leased.ended_at !== null)
        throw new OperationalError(`What "${tenant}" had left in "${move.source}" is dropped already.`)
      lease.keepOn()
      const tables = await readTables(source, tenant)
      await letOwnerIn(source, tenant, tables)
      const rows = await removeRows(source, tenant, tables, async () => {
        await this.#at('removing')
        await lease.note({})
      })
      await unwatch(source, tenant, tables)
      await this.#leave(move, move.source, source, tables)
      await database.withTenant(tenant, (tx) =>
        audit.append(tx, {
          actor: by,
          action: 'tenant.drop_old',
          subject: tenant,
          detail: { database: move.source, rows },
        }),
      )
      await lease.note({ step: 'dropped', ended_at: instant(clock.nowMs()) })
    })
  }

  async #leased(id: string, watcher: Watcher, work: (ends: Ends) => Promise<void>): Promise<MoveRow> {
    const { lease, move } = await MoverLease.take(this.#main, id, { ...this.#parts, watcher })
    let problem: string | null = null
    try {
      await work({
        move,
        lease,
        source: this.#reachable(move.source),
        target: this.#reachable(move.target),
        hasTarget: move.tables_total > 0,
      })
    } catch (error) {
      problem = describeError(error).slice(0, 2_000)
      throw error
    } finally {
      await lease.release({ problem })
    }
    return (await findMove(this.#main, id)) ?? move
  }

  async #toTheSwitch(ends: Ends): Promise<void> {
    const { tables, lacksMonths } = await this.#prepare(ends)
    await this.#at('prepared')
    const transfer = new Transfer({ ...ends, tenant: ends.move.tenant, tables, mover: ends.lease.mover })
    const move = lacksMonths ? { ...ends.move, verified_of: null } : ends.move
    const carrying = { ...ends, move, transfer, tables }
    await copyTables(carrying)
    await this.#at('copied')
    await catchUp(carrying)
    await this.#at('caught_up')
    await verifyTables(carrying, this.#parts)
    await this.#at('verified')
    await this.#tell(ends, await switchTenant(carrying, this.#parts))
  }

  async #isSwitched({ move: { tenant, version, target }, source }: Pick<Ends, 'move' | 'source'>): Promise<boolean> {
    const fence = await asOwnerOf(source, { tenant }, (query) => fenceOf(query, tenant))
    return fence?.went_to === target && fence.version === version + 1
  }

  /** From its end on the target takes this mover's rows alone, and each change on the source is noted. */
  async #prepare(ends: Ends): Promise<{ tables: readonly TenantTable[]; lacksMonths: boolean }> {
    const { move, lease, source, target } = ends
    const { tenant, version } = move
    const [tables, there] = [await readTables(source, tenant), await readTables(target, tenant)]
    if (JSON.stringify(tables) !== JSON.stringify(there))
      throw new OperationalError(
        `The tables of "${move.source}" and "${move.target}" are not the same. Bring both up to date with "migrate up", then go on.`,
      )
    await asOwnerOf(source, { tenant }, (query) => refuseRetired(query, move.source))
    await letOwnerIn(source, tenant, tables)
    await letOwnerIn(target, tenant, tables)
    if (!ends.hasTarget) {
      // Killed behind the note of the move it was not looked at again, and two that were noted at once may both go on.
      await this.#refuseSecondIn(this.#parts.directory.named(move.target), tenant)
      const occupied = await firstTableWithRows(target, tenant, tables)
      if (occupied !== null)
        throw new OperationalError(
          `"${move.target}" has rows of the tenant "${tenant}" already, in ${occupied}, and they are not this move's. Find out where they are from; nothing was written.`,
        )
    }
    // The source first: behind it nobody else can switch, and the target may be shut.
    if (!(await asOwnerOf(source, { tenant }, (query) => claimFence(query, tenant, version, lease.mover))))
      throw new MoverReplacedError('Another program has gone on with this move. Look at: tenant status')
    await asOwnerOf(target, { tenant }, (query) =>
      putFence(query, tenant, { version, went_to: move.source, mover: lease.mover }),
    )
    ends.hasTarget = true
    await lease.note({ tables_total: tables.length, rows_expected: await expectedRows(source, tenant, tables) })
    await noteChanges(source, tenant, tables)
    const lacking = lackingMonths(
      await asOwnerOf(source, { tenant }, monthsOf),
      await asOwnerOf(target, { tenant }, monthsOf),
    )
    const lacksMonths = lacking.length > 0
    // Months that are gone from the target may have had rows that were verified.
    if (lacksMonths) await lease.note({ verified_of: null })
    await makeMonths(target, lacking)
    return { tables, lacksMonths }
  }

  /** The switch is in the source's own database; here it comes to those who would find out by being refused there. */
  async #tell({ move, lease, source, target }: Ends, pauseMs: number | null): Promise<void> {
    const { directory, database, audit, clock } = this.#parts
    const { tenant } = move
    const version = move.version + 1
    lease.keepOn()
    await this.#at('switched')
    await putPlace(this.#main, { tenant, database: move.target, version, channel: tenancyChannel })
    directory.learn(tenant, { database: move.target, version, from: move.source })
    await this.#at('told')
    const tables = await readTables(source, tenant)
    await refuseChanges(source, tenant, tables)
    await asOwnerOf(source, { tenant }, (query) =>
      query('delete from jidoka.tenant_changes where tenant = $1', [tenant]),
    )
    await this.#leave(move, move.source, source, tables)
    await this.#leave(move, move.target, target, tables)
    await database.withTenant(tenant, (tx) =>
      audit.append(tx, {
        actor: move.begun_by,
        action: 'tenant.move',
        subject: tenant,
        detail: { from: move.source, to: move.target, pause_ms: pauseMs },
      }),
    )
    await lease.note({ step: 'switched', switched_at: instant(clock.nowMs()), pause_ms: pauseMs })
  }

  /** As if it had never begun: the tenant first, which must not be slowed down any more, then what was copied. */
  async #undo({ move, lease, source, target, hasTarget }: Ends): Promise<void> {
    const { clock, database, audit } = this.#parts
    const { tenant, version } = move
    const tables = await readTables(source, tenant)
    const hasMovedBefore = version > 0
    await unwatch(source, tenant, tables)
    await asOwnerOf(source, { tenant }, async (query) => {
      await query('delete from jidoka.tenant_changes where tenant = $1', [tenant])
      if (hasMovedBefore) await putFence(query, tenant, { version, went_to: null, mover: null })
      else await forgetFence(query, tenant)
    })
    await this.#leave(move, move.source, source, tables)
    // What was there before the first step is not this move's to remove.
    if (hasTarget) {
      await letOwnerIn(target, tenant, tables)
      await asOwnerOf(target, { tenant }, (query) =>
        putFence(query, tenant, { version, went_to: move.source, mover: lease.mover }),
      )
      await removeRows(target, tenant, tables, async () => {
        await this.#at('removing')
        await lease.note({})
      })
    }
    if (!hasMovedBefore) await asOwnerOf(target, { tenant }, (query) => forgetFence(query, tenant))
    await this.#leave(move, move.target, target, tables)
    const asked = await findMove(this.#main, move.id)
    await database.withTenant(tenant, (tx) =>
      audit.append(tx, {
        actor: asked?.cancel_asked_by ?? 'system',
        action: 'tenant.move_cancel',
        subject: tenant,
        detail: { from: move.source, to: move.target },
      }),
    )
    await lease.note({ step: 'cancelled', ended_at: instant(clock.nowMs()) })
  }

  /** The owner of the tables sees rows of tenants only while one moves. */
  async #leave(move: MoveRow, name: string, backend: Backend, tables: readonly TenantTable[]): Promise<void> {
    if ((await othersAt(this.#main, move.id, name)) === 0) await shutOwnerOut(backend, move.tenant, tables)
  }

  #reachable(name: string): Backend {
    const backend = this.#parts.directory.named(name)?.backend ?? null
    if (backend === null)
      throw new OperationalError(`The database "${name}" cannot be reached. See that it runs, then try again.`)
    return backend
  }

  async #at(point: MovePoint): Promise<void> {
    await this.#parts.reached?.(point)
  }
}
