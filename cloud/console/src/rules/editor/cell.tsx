import { Button, type SelectOption } from '@jidoka/ui'
import { useId, type InputHTMLAttributes } from 'react'
import { useText } from '../../app/console-context.tsx'
import { useProblemAt } from './problems.tsx'

/** A field in a table: its column is its label. */
export function Cell({ label, at, ...input }: { label: string; at: string } & InputHTMLAttributes<HTMLInputElement>) {
  const id = useId()
  const problem = useProblemAt()(at)
  return (
    <>
      <input
        className="field-control cell"
        aria-label={label}
        aria-invalid={problem === null ? undefined : true}
        aria-describedby={problem === null ? undefined : id}
        autoComplete="off"
        spellCheck={false}
        {...input}
      />
      {problem === null ? null : (
        <span className="field-error" id={id}>
          {problem}
        </span>
      )}
    </>
  )
}

export function CellSelect<Value extends string>({
  label,
  value,
  options,
  onChange,
}: {
  label: string
  value: Value
  options: readonly (SelectOption & { value: Value })[]
  onChange: (value: Value) => void
}) {
  return (
    <select
      className="field-control cell"
      aria-label={label}
      value={value}
      onChange={(event) => onChange(event.target.value as Value)}
    >
      {options.map((option) => (
        <option key={option.value} value={option.value}>
          {option.label}
        </option>
      ))}
    </select>
  )
}

export function RemoveButton({ what, onClick }: { what: string; onClick: () => void }) {
  const t = useText()
  return (
    <Button look="quiet" className="button-small" aria-label={t('rules.remove_one', { what })} onClick={onClick}>
      {t('rules.remove')}
    </Button>
  )
}

export function AddButton({ label, onClick }: { label: string; onClick: () => void }) {
  return (
    <Button className="button-small" onClick={onClick}>
      {label}
    </Button>
  )
}
