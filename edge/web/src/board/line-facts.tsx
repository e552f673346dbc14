import type { BoardLine } from '@jidoka/contract'
import { useFormat } from '@jidoka/ui'
import { useText } from '../messages/index.ts'

/** What the MES last said of a line. */
export function LineFacts({ line }: { line: BoardLine }) {
  const t = useText()
  const format = useFormat()
  const texts = [
    [t('facts.order'), line.order],
    [t('facts.lot'), line.lot],
    [t('facts.product'), line.product],
    [t('facts.shift'), line.shift],
  ] as const
  const known = texts.filter(([, value]) => value !== null)
  const { production_count: produced, defect_count: defects } = line
  if (known.length === 0 && produced === null) return <p className="second">{t('facts.none')}</p>
  return (
    <dl className="line-facts">
      {known.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
      {produced === null ? null : (
        <div>
          <dt>{t('facts.produced')}</dt>
          <dd>{format.count(produced)}</dd>
        </div>
      )}
      {defects === null ? null : (
        <div>
          <dt>{t('facts.defects')}</dt>
          <dd>
            {format.count(defects)}
            {produced !== null && produced > 0 ? ` (${format.percent(defects / produced, 1)})` : ''}
          </dd>
        </div>
      )}
    </dl>
  )
}
