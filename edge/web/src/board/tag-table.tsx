import type { BoardTag } from '@jidoka/contract'
import {
  Age,
  LimitBar,
  Link,
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
import { tagsOfLine, type TagRow, type TagsOfLine } from './tag-rows.ts'

function TagName({ tagKey }: { tagKey: string }) {
  const localText = useLocalText()
  const tag = useTag(tagKey)
  return tag ? localText(tag.name) : null
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
function useTagsOfLine(line: string): TagsOfLine {
  const tags = useBoard((board) => board.tags)
  const places = JSON.stringify(tagsOfLine(tags.values(), line))
  return useMemo(() => JSON.parse(places) as TagsOfLine, [places])
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
  const { rows, waitingCount } = useTagsOfLine(line)
  const columns: Column<TagRow>[] = [
    { key: 'name', header: t('tag.name'), cell: (row) => <TagName tagKey={row.key} /> },
    { key: 'value', header: t('tag.value'), align: 'right', cell: (row) => <TagValueCell tagKey={row.key} /> },
    { key: 'limits', header: t('tag.limits'), cell: (row) => <TagLimits tagKey={row.key} /> },
    { key: 'course', header: t('tag.course'), width: '7.5rem', cell: (row) => <TagCourse tagKey={row.key} /> },
    { key: 'age', header: t('tag.age'), align: 'right', width: '6.5rem', cell: (row) => <TagAge tagKey={row.key} /> },
  ]
  const waiting =
    waitingCount === 0 ? null : (
      <p className="second">
        <Link href="/tags">{t('tag.waiting', { count: waitingCount })}</Link>
      </p>
    )
  if (rows.length === 0) return waiting ?? <p className="second">{t('tag.none')}</p>
  return (
    <>
      <Table
        caption={t('tag.table', { line: name })}
        columns={columns}
        rows={rows}
        rowKey={(row) => row.key}
        groupOf={(row) => ({ key: row.equipment ?? '', label: row.equipment ?? t('tag.of_line') })}
        onChoose={(row) => onChoose(row.key)}
        chosenKey={chosenKey ?? null}
      />
      {waiting}
    </>
  )
}
