import type { BoardTag } from '@jidoka/contract'
import {
  Age,
  LimitBar,
  Sparkline,
  Table,
  useLimitText,
  useLocalText,
  useStale,
  ValueWithUnit,
  type Column,
} from '@jidoka/ui'
import { useMemo } from 'react'
import { useText } from '../messages/index.ts'
import { useBoard, useTag } from './live-context.tsx'
import { tagRows, type TagRow } from './tag-rows.ts'

function TagName({ tagKey }: { tagKey: string }) {
  const t = useText()
  const localText = useLocalText()
  const tag = useTag(tagKey)
  if (!tag) return null
  return (
    <>
      {localText(tag.name)}
      {tag.adopted ? null : <span className="second small"> {t('tag.waits')}</span>}
    </>
  )
}

function LiveValue({ tag }: { tag: BoardTag }) {
  const stale = useStale(tag.at, tag.stale_after_s)
  return (
    <ValueWithUnit
      value={tag.value}
      unit={tag.unit}
      decimals={tag.decimals}
      quality={tag.quality}
      stale={stale && tag.value !== null}
    />
  )
}

function TagValueCell({ tagKey }: { tagKey: string }) {
  const tag = useTag(tagKey)
  return tag ? <LiveValue tag={tag} /> : null
}

function TagLimits({ tagKey }: { tagKey: string }) {
  const tag = useTag(tagKey)
  const text = useLimitText()
  if (!tag) return null
  return (
    <span className="tag-limits">
      <LimitBar value={typeof tag.value === 'number' ? tag.value : null} limits={tag.limits} decimals={tag.decimals} />
      <span className="number small second">{text(tag.limits, tag.decimals)}</span>
    </span>
  )
}

function TagCourse({ tagKey }: { tagKey: string }) {
  const tag = useTag(tagKey)
  return tag ? <Sparkline values={tag.recent} limits={tag.limits} /> : null
}

function TagAge({ tagKey }: { tagKey: string }) {
  const tag = useTag(tagKey)
  return tag ? <Age at={tag.at} staleAfterS={tag.stale_after_s} /> : null
}

/** The tags of a line, grouped by equipment; those of the line itself first. Identity changes only with the set of tags. */
function useTagRows(line: string): readonly TagRow[] {
  const tags = useBoard((board) => board.tags)
  const places = JSON.stringify(tagRows(tags.values(), line))
  return useMemo(() => JSON.parse(places) as readonly TagRow[], [places])
}

export function TagTable({
  line,
  name,
  onChoose,
  chosenKey,
}: {
  line: string
  name: string
  onChoose: (key: string) => void
  chosenKey?: string | null
}) {
  const t = useText()
  const rows = useTagRows(line)
  const columns: Column<TagRow>[] = [
    { key: 'name', header: t('tag.name'), cell: (row) => <TagName tagKey={row.key} /> },
    { key: 'value', header: t('tag.value'), align: 'right', cell: (row) => <TagValueCell tagKey={row.key} /> },
    { key: 'limits', header: t('tag.limits'), cell: (row) => <TagLimits tagKey={row.key} /> },
    { key: 'course', header: t('tag.course'), width: '7.5rem', cell: (row) => <TagCourse tagKey={row.key} /> },
    { key: 'age', header: t('tag.age'), align: 'right', width: '6.5rem', cell: (row) => <TagAge tagKey={row.key} /> },
  ]
  if (rows.length === 0) return <p className="second">{t('tag.none')}</p>
  return (
    <Table
      caption={t('tag.table', { line: name })}
      columns={columns}
      rows={rows}
      rowKey={(row) => row.key}
      groupOf={(row) => ({ key: row.equipment ?? '', label: row.equipment ?? t('tag.of_line') })}
      onChoose={(row) => onChoose(row.key)}
      chosenKey={chosenKey ?? null}
    />
  )
}
