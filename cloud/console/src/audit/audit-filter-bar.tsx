import { Button, Choice, Field } from '@jidoka/ui'
import { useState } from 'react'
import { useText } from '../app/console-context.tsx'
import { InstantField } from '../judgments/filter-bar.tsx'
import { ranges } from '../judgments/filters.ts'
import { isFiltered, noAuditFilters, type AuditFilters } from './audit-filters.ts'

export function AuditFilterBar({
  filters,
  onChange,
}: {
  filters: AuditFilters
  onChange: (changed: Partial<AuditFilters>) => void
}) {
  const t = useText()
  return (
    <search className="filters" aria-label={t('audit.filters')}>
      {(['actor', 'action', 'subject'] as const).map((name) => (
        <WordField
          key={`${name} ${filters[name]}`}
          label={t(`audit.${name}`)}
          example={t(`audit.${name}_example`)}
          value={filters[name]}
          onChange={(word) => onChange({ [name]: word })}
        />
      ))}
      <Choice
        label={t('judgments.range')}
        value={filters.range}
        options={ranges.map((value) => ({ value, label: t(`range.${value}`) }))}
        onChange={(range) => onChange({ range })}
      />
      {filters.range === 'custom'
        ? (['from', 'to'] as const).map((name) => (
            <InstantField
              key={`${name} ${filters[name]}`}
              label={t(`judgments.${name}`)}
              value={filters[name]}
              onChange={(instant) => onChange({ [name]: instant })}
            />
          ))
        : null}
      {isFiltered(filters) ? (
        <Button look="quiet" onClick={() => onChange(noAuditFilters)}>
          {t('judgments.clear')}
        </Button>
      ) : null}
    </search>
  )
}

/** Taken over by Enter or when the field is left: each letter would be a search of the whole log. */
function WordField({
  label,
  example,
  value,
  onChange,
}: {
  label: string
  example: string
  value: string
  onChange: (value: string) => void
}) {
  const [text, setText] = useState(value)
  const take = () => {
    if (text.trim() !== value) onChange(text.trim())
  }
  return (
    <Field
      label={label}
      placeholder={example}
      maxLength={200}
      value={text}
      onChange={(event) => setText(event.target.value)}
      onBlur={take}
      onKeyDown={(event) => {
        if (event.key === 'Enter') take()
      }}
    />
  )
}
