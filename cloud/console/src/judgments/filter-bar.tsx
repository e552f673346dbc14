import { Button, Choice, Field, Select, useLocalText, useResource, useStatusText } from '@jidoka/ui'
import { useState } from 'react'
import { useConsole, useText } from '../app/console-context.tsx'
import { useDirectory } from '../app/directory.tsx'
import { filterCount, fromLocalInput, noFilters, ranges, toLocalInput, type JudgmentFilters } from './filters.ts'

export function FilterBar({
  filters,
  onChange,
}: {
  filters: JudgmentFilters
  onChange: (changed: Partial<JudgmentFilters>) => void
}) {
  const t = useText()
  const local = useLocalText()
  const status = useStatusText()
  const { api } = useConsole()
  const { edges, rules } = useDirectory()
  const lines = useResource('filter-lines', api.lines)

  const lineOptions = (lines.data ?? [])
    .filter((line) => filters.edge === '' || line.edge_id === filters.edge)
    .map((line) => ({ value: line.code, label: `${line.code} · ${local(line.name)}` }))
  const statuses = new Set(
    (rules.data ?? []).flatMap(({ definition }) => [
      ...definition.normal_statuses,
      ...Object.keys(definition.alarms),
      ...definition.examples.map((example) => example.status),
    ]),
  )
  return (
    <search className="filters" aria-label={t('judgments.filters')}>
      <FilterSelect
        label={t('judgments.edge')}
        value={filters.edge}
        options={(edges.data ?? []).map((edge) => ({ value: edge.id, label: edge.name }))}
        onChange={(edge) => onChange({ edge })}
      />
      <FilterSelect
        label={t('judgments.line')}
        value={filters.line}
        options={lineOptions}
        onChange={(line) => onChange({ line })}
      />
      <FilterSelect
        label={t('judgments.rule')}
        value={filters.rule}
        options={(rules.data ?? []).map(({ definition }) => ({ value: definition.id, label: local(definition.name) }))}
        onChange={(rule) => onChange({ rule })}
      />
      <FilterSelect
        label={t('judgments.status')}
        value={filters.status}
        options={[...statuses, 'UNJUDGED'].sort().map((name) => ({ value: name, label: status(name) }))}
        onChange={(name) => onChange({ status: name })}
      />
      <label className="check">
        <input
          type="checkbox"
          checked={filters.abnormal}
          onChange={(event) => onChange({ abnormal: event.target.checked })}
        />
        <span>{t('judgments.abnormal_only')}</span>
      </label>
      <Choice
        label={t('judgments.range')}
        value={filters.range}
        options={ranges.map((value) => ({ value, label: t(`range.${value}`) }))}
        onChange={(range) => onChange({ range })}
      />
      {filters.range === 'custom' ? (
        <>
          <InstantField
            key={`from ${filters.from}`}
            label={t('judgments.from')}
            value={filters.from}
            onChange={(from) => onChange({ from })}
          />
          <InstantField
            key={`to ${filters.to}`}
            label={t('judgments.to')}
            value={filters.to}
            onChange={(to) => onChange({ to })}
          />
        </>
      ) : null}
      {filterCount(filters) === 0 ? null : (
        <Button look="quiet" onClick={() => onChange(noFilters)}>
          {t('judgments.clear')}
        </Button>
      )}
    </search>
  )
}

interface Option {
  readonly value: string
  readonly label: string
}

/** A value out of a link that is not among the options (a rule that is gone) stays to be seen and taken back. */
function FilterSelect({
  label,
  value,
  options,
  onChange,
}: {
  label: string
  value: string
  options: readonly Option[]
  onChange: (value: string) => void
}) {
  const t = useText()
  const unique = [...new Map(options.map((option) => [option.value, option])).values()]
  const known = value === '' || unique.some((option) => option.value === value)
  return (
    <Select
      label={label}
      value={value}
      options={[{ value: '', label: t('judgments.any') }, ...unique, ...(known ? [] : [{ value, label: value }])]}
      onChange={(event) => onChange(event.target.value)}
    />
  )
}

/** Taken over when the field is left: each key of a date would be a new search. */
export function InstantField({
  label,
  value,
  onChange,
}: {
  label: string
  value: string
  onChange: (value: string) => void
}) {
  const [text, setText] = useState(() => toLocalInput(value))
  return (
    <Field
      label={label}
      type="datetime-local"
      value={text}
      onChange={(event) => setText(event.target.value)}
      onBlur={() => onChange(fromLocalInput(text))}
    />
  )
}
