import { passwordMistakes, type PasswordFields } from '@jidoka/domain'
import { useId, useState, type ReactNode } from 'react'
import { useUiMessages } from '../context/ui-context.tsx'
import { ProblemError } from '../data/errors.ts'
import { Button } from './button.tsx'
import { ErrorNote } from './feedback.tsx'
import { Field } from './field.tsx'
import { useSubmission } from './use-submission.ts'

const blank: PasswordFields = { current: '', next: '', repeat: '' }

export interface PasswordChange {
  /** Whoever keeps passwords for people finds out by this whose it is. */
  readonly login: string
  readonly change: (current: string, next: string) => Promise<unknown>
  /** Said once it is changed. */
  readonly done: string
  readonly onDone?: () => void
}

/** The own password and its change. The button stands where the page has it: below the fields, or in the foot of a dialog. */
export function usePasswordForm({ login, change, done, onDone }: PasswordChange): {
  form: ReactNode
  button: ReactNode
} {
  const t = useUiMessages()
  const id = useId()
  const [fields, setFields] = useState(blank)
  const mistakes = passwordMistakes(fields)
  const { submit, tried, busy, error } = useSubmission({
    act: Object.keys(mistakes).length === 0 ? () => change(fields.current, fields.next) : null,
    done,
    onDone: () => {
      setFields(blank)
      onDone?.()
    },
  })
  const isWrong = error instanceof ProblemError && error.is('wrong_credentials')
  const box = (name: keyof PasswordFields) => {
    const mistake = tried ? mistakes[name] : undefined
    return {
      label: t(`password.${name}`),
      type: 'password',
      autoComplete: name === 'current' ? 'current-password' : 'new-password',
      maxLength: 256,
      value: fields[name],
      onChange: (event: { target: { value: string } }) =>
        setFields((before) => ({ ...before, [name]: event.target.value })),
      error: mistake === undefined ? null : t(`password.${mistake}`),
    }
  }
  const current = box('current')
  return {
    form: (
      <form id={id} className="stack" noValidate onSubmit={submit}>
        {error === undefined || isWrong ? null : <ErrorNote error={error} />}
        <input type="text" autoComplete="username" aria-label={t('sign_in.login')} value={login} readOnly hidden />
        <Field {...current} error={current.error ?? (isWrong ? t('problem.wrong_credentials') : null)} />
        <Field {...box('next')} hint={t('password.next_hint')} />
        <Field {...box('repeat')} />
      </form>
    ),
    button: (
      <Button type="submit" form={id} look="primary" busy={busy}>
        {t('password.change')}
      </Button>
    ),
  }
}
