import { edgePaths, type BoardTag, type History } from '@jidoka/contract'
import { Choice, ResourceView, TrendChart, useFormat, useLocalText, useResource, useUi } from '@jidoka/ui'
import { useText } from '../messages/index.ts'
import { useSession } from '../session/session-context.tsx'

export const trendRanges = ['15m', '1h', '8h', '24h'] as const
export type TrendRange = (typeof trendRanges)[number]

const minuteMs = 60_000
/** How long each shows, and how often it is fetched anew: about once for every pixel that a new reading would move it, and not below 5 s. */
const spans: Record<TrendRange, { ms: number; refreshEveryMs: number }> = {
  '15m': { ms: 15 * minuteMs, refreshEveryMs: 5_000 },
  '1h': { ms: 60 * minuteMs, refreshEveryMs: 10_000 },
  '8h': { ms: 480 * minuteMs, refreshEveryMs: 60_000 },
  '24h': { ms: 1_440 * minuteMs, refreshEveryMs: 120_000 },
}

/** Twice the columns of a small panel: more cannot be seen, and the server keeps the least and the greatest of each stretch. */
const pointsWanted = 1_000

export function TrendPanel({
  tag,
  range,
  onRange,
}: {
  tag: BoardTag
  range: TrendRange
  onRange: (range: TrendRange) => void
}) {
  const t = useText()
  const localText = useLocalText()
  const format = useFormat()
  const { ticker } = useUi()
  const { api } = useSession()
  const isNumber = tag.kind === 'number'
  // The appliance has no history of a tag that is only in the catalogue so far.
  const hasReadings = tag.at !== null
  const resource = useResource(
    isNumber && hasReadings ? `${tag.key} ${range}` : null,
    async (signal) => {
      const toMs = ticker.nowMs()
      const fromMs = toMs - spans[range].ms
      const query = {
        key: tag.key,
        from: new Date(fromMs).toISOString(),
        to: new Date(toMs).toISOString(),
        points: pointsWanted,
      }
      const { data } = await api.get<History>(edgePaths.history, { query, signal })
      return { fromMs, toMs, history: data }
    },
    spans[range].refreshEveryMs,
  )
  return (
    <section className="panel stack" aria-label={t('line.trend', { name: localText(tag.name) })}>
      <div className="page-head">
        <h2>
          {localText(tag.name)} <span className="second small">{tag.key}</span>
        </h2>
        <Choice
          label={t('line.range')}
          value={range}
          onChange={onRange}
          options={trendRanges.map((value) => ({ value, label: t(`range.${value}`) }))}
        />
      </div>
      {hasReadings ? null : <p className="second">{t('line.no_readings')}</p>}
      {isNumber && hasReadings ? (
        <ResourceView resource={resource} rows={6}>
          {({ fromMs, toMs, history }) => (
            <>
              <TrendChart
                name={localText(tag.name)}
                unit={tag.unit}
                decimals={tag.decimals}
                limits={tag.limits}
                timesMs={history.times_ms}
                values={history.values}
                fromMs={fromMs}
                toMs={toMs}
                height={300}
              />
              <p className="second small">
                {t('line.readings_count', { count: history.readings_count })} · {format.instant(fromMs, 'dateSecond')} –{' '}
                {format.instant(toMs, 'dateSecond')}
              </p>
            </>
          )}
        </ResourceView>
      ) : null}
      {isNumber ? null : <p className="second">{t('line.not_a_number')}</p>}
    </section>
  )
}
