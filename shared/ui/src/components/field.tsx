import { useId, type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes } from 'react'

interface FieldParts {
  readonly label: string
  readonly hint?: ReactNode
  /** A sentence that says how to mend it. */
  readonly error?: string | null
}

function useFieldIds(hint: ReactNode, error: string | null | undefined) {
  const id = useId()
  const described = [hint ? `${id}-hint` : '', error ? `${id}-error` : ''].filter(Boolean).join(' ')
  return {
    id,
    control: {
      id,
      'aria-invalid': error ? true : undefined,
      'aria-describedby': described === '' ? undefined : described,
    } as const,
  }
}

function FieldFrame({ id, label, hint, error, children }: FieldParts & { id: string; children: ReactNode }) {
  return (
    <div className="field">
      <label className="field-label" htmlFor={id}>
        {label}
      </label>
      {children}
      {hint ? (
        <div className="field-hint" id={`${id}-hint`}>
          {hint}
        </div>
      ) : null}
      {error ? (
        <div className="field-error" id={`${id}-error`} role="alert">
          {error}
        </div>
      ) : null}
    </div>
  )
}

export function Field({
  label,
  hint,
  error,
  unit,
  ...input
}: FieldParts & InputHTMLAttributes<HTMLInputElement> & { unit?: string | undefined }) {
  const { id, control } = useFieldIds(hint, error)
  const box = <input className="field-control" {...input} {...control} />
  return (
    <FieldFrame id={id} label={label} hint={hint} error={error ?? null}>
      {unit ? (
        <span className="field-unit">
          {box}
          <span>{unit}</span>
        </span>
      ) : (
        box
      )}
    </FieldFrame>
  )
}

export interface SelectOption {
  readonly value: string
  readonly label: string
}

export function Select({
  label,
  hint,
  error,
  options,
  ...select
}: FieldParts & SelectHTMLAttributes<HTMLSelectElement> & { options: readonly SelectOption[] }) {
  const { id, control } = useFieldIds(hint, error)
  return (
    <FieldFrame id={id} label={label} hint={hint} error={error ?? null}>
      <select className="field-control" {...select} {...control}>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </FieldFrame>
  )
}
