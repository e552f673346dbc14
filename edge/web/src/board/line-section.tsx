import { Link, navigate, StatusBadge, useLocalText } from '@jidoka/ui'
import { LineFacts } from './line-facts.tsx'
import type { LineSummary } from './line-summary.ts'
import { TagTable } from './tag-table.tsx'

/** A line on the board: its verdict, what it makes, and its values. */
export function LineSection({ summary }: { summary: LineSummary }) {
  const localText = useLocalText()
  const { line, condition, status } = summary
  const address = `/lines/${encodeURIComponent(line.code)}`
  return (
    <section className="panel stack" aria-label={localText(line.name)}>
      <div className="page-head">
        <h2>
          <Link href={address}>{localText(line.name)}</Link>
        </h2>
        {status === null ? null : <StatusBadge status={status} normal={condition === 'normal'} condition={condition} />}
      </div>
      <LineFacts line={line} />
      <TagTable
        line={line.code}
        name={localText(line.name)}
        onChoose={(key) => navigate(`${address}?tag=${encodeURIComponent(key)}`)}
      />
    </section>
  )
}
