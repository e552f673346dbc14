import { setTimeout as pause } from 'node:timers/promises'
import { describeError, OperationalError } from '@jidoka/base'
import { asUnavailable, codeOf, DatabaseUnavailableError } from '../db/unavailable.ts'
import { catchUp } from './carry.ts'
import { putFence } from './fences.ts'
import { tenancyLimits } from './limits.ts'
import type { Carrying, MoverParts } from './move-parts.ts'
import { asOwnerOf } from './owner-transaction.ts'
import { lackingMonths, monthsOf, moveCounters, refuseLackingMonths, refuseRetired } from './target-shape.ts'
import { MoverReplacedError } from './transfer.ts'

type SwitchParts = Pick<MoverParts, 'clock' | 'log' | 'reached'>

/** What a switch was not done for; tried again. */
class NotYetError extends Error {}

/** @returns for how long writes have waited */
export async function switchTenant(carrying: Carrying, parts: SwitchParts): Promise<number> {
  const { move, lease, transfer } = carrying
  const { switchAttemptsMax, switchPauseMs } = tenancyLimits
  for (let attempt = 1; ; attempt++) {
    await catchUp(carrying)
    try {
      return await switchOnce(carrying, parts)
    } catch (error) {
      if (!(error instanceof NotYetError) && codeOf(error) !== '55P03' && codeOf(error) !== '40P01') throw error
      if (attempt === switchAttemptsMax)
        throw new OperationalError(
          `The tenant "${move.tenant}" never stopped writing for ${tenancyLimits.switchWaitMsMax} ms. Somebody keeps a transaction open (look in pg_stat_activity), or it writes more than can be taken over in time: go on at a quieter hour.`,
          { cause: error },
        )
      parts.log.info({ action: 'tenant.switch', success: false, tenant: move.tenant, attempt }, describeError(error))
      // It was opened for a switch that did not come.
      await transfer.onTarget((query) =>
        putFence(query, move.tenant, { version: move.version, went_to: move.source, mover: lease.mover }),
      )
      lease.check()
      await pause(switchPauseMs)
    }
  }
}

async function switchOnce(
  { move, lease, source, transfer, tables }: Carrying,
  { clock, reached }: SwitchParts,
): Promise<number> {
  const { tenant, version } = move
  const { switchWaitMsMax: lockWaitMs, switchMsMax } = tenancyLimits
  const startMs = clock.monotonicMs()
  const leftMs = () => switchMsMax - (clock.monotonicMs() - startMs)
  const inTime = () => {
    if (leftMs() < 0) throw new NotYetError('the switch took too long')
  }
  // The target is a line away: were it waited for without an end, so would all be who write.
  const whileItAnswers = async <Result>(onTarget: Promise<Result>): Promise<Result> => {
    try {
      return await onTarget
    } catch (error) {
      if (asUnavailable(error) instanceof DatabaseUnavailableError)
        throw new NotYetError('the target did not answer in time', { cause: error })
      throw error
    }
  }
  await asOwnerOf(source, { tenant, lockWaitMs, standsStillMsMax: switchMsMax }, async (query) => {
    // From here on whoever writes waits; those who have written are done. Should this program die, the lock goes with it, and all goes on here.
    await query('select pg_advisory_xact_lock(jidoka.tenant_lock($1))', [tenant])
    for (let isMore = true; isMore; inTime())
      ({ isMore } = await whileItAnswers(transfer.takeOver(query, tables, null, leftMs)))
    // A month that was taken out of its table before it was copied is on neither side of the move.
    await refuseRetired(query, move.source)
    const months = await monthsOf(query)
    await whileItAnswers(
      transfer.onTarget(async (target) => {
        refuseLackingMonths(lackingMonths(months, await monthsOf(target)), move.target)
        await moveCounters(target, tenant, tables)
        await putFence(target, tenant, { version: version + 1, went_to: null, mover: lease.mover })
      }, leftMs),
    )
    await reached?.('target_opened')
    inTime()
    const switched = await query(
      `update jidoka.tenant_fences set version = $3, went_to = $4, mover = null
       where tenant = $1 and mover = $2 and went_to is null and version = $5 returning 1`,
      [tenant, lease.mover, version + 1, move.target, version],
    )
    if (switched.length !== 1)
      throw new MoverReplacedError(
        'Another program goes on with this move, or it was cancelled. Look at: tenant status',
      )
    // What commits with this is the switch: before it the tenant is here, behind it there.
  })
  lease.keepOn()
  return Math.round(clock.monotonicMs() - startMs)
}
