import type { LineToCloud } from '@jidoka/contract'
import { Banner, Link, useFormat, useTick } from '@jidoka/ui'
import { useBoard, useLive } from '../board/live-context.tsx'
import { useText } from '../messages/index.ts'
import { shorterHorizonDays, useHorizonText } from './horizon.ts'

/** 5 s: a stream that is reopened at once after a restart of the appliance should alarm nobody. */
const lostAfterMs = 5_000

/** True once the page has had no live connection for long enough that its values may be old. */
export function useIsFrozen(): boolean {
  const lostSinceMs = useLive((state) => state.lostSinceMs)
  return useTick((nowMs) => lostSinceMs !== null && nowMs - lostSinceMs >= lostAfterMs)
}

function LostBanner() {
  const t = useText()
  const format = useFormat()
  const lostSinceMs = useLive((state) => state.lostSinceMs)
  return (
    <Banner tone="high">
      <strong>{t('lost.title', { time: format.instant(lostSinceMs, 'second') })}</strong>
      <span>{t('lost.hint')}</span>
    </Banner>
  )
}

function OfflineBanner({ line }: { line: LineToCloud }) {
  const t = useText()
  const format = useFormat()
  const horizon = useHorizonText()
  const offlineMs = useTick((nowMs) => Math.max(0, nowMs - Date.parse(line.since)))
  const waiting = (lane: 'records' | 'readings') => line.lanes.find((each) => each.lane === lane)?.waiting_rows ?? 0
  const [records, readings] = [waiting('records'), waiting('readings')]
  const days = horizon(shorterHorizonDays(line.disk))
  return (
    <Banner tone="caution">
      <strong>
        {t('offline.title', { time: format.instant(line.since, 'minute'), duration: format.duration(offlineMs) })}
      </strong>
      {line.disk.problem_kind === null ? <span>{t('offline.calm')}</span> : null}
      <span>
        {records + readings === 0 ? t('offline.nothing_waiting') : t('offline.waiting', { records, readings })}
      </span>
      <span>{days === null ? t('offline.disk_unknown') : t('offline.disk', { days })}</span>
      <span>
        {line.last_receipt === null
          ? t('offline.no_receipt')
          : t('offline.last_receipt', { time: format.instant(line.last_receipt.received_at, 'second') })}
      </span>
      <Link href="/sync">{t('offline.details')}</Link>
    </Banner>
  )
}

/** What everybody at the panel must know, the worst first. */
export function Banners() {
  const t = useText()
  const line = useBoard((board) => board.lineToCloud)
  const frozen = useIsFrozen()
  return (
    <>
      {line.disk.problem_kind === null ? null : (
        <Banner tone="critical">
          <strong>{t('disk.stopped')}</strong>
          <span>{t(`disk.problem_${line.disk.problem_kind}`)}</span>
          <span>{t(`disk.next_${line.disk.problem_kind}`)}</span>
        </Banner>
      )}
      {frozen ? <LostBanner /> : null}
      {line.state === 'offline' ? <OfflineBanner line={line} /> : null}
    </>
  )
}
