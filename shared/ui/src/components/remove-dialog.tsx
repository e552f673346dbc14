import { useId, useState, type ReactNode } from 'react'
import { Button } from './button.tsx'
import { Dialog } from './dialog.tsx'
import { ErrorNote } from './feedback.tsx'
import { Field } from './field.tsx'
import { useSubmission } from './use-submission.ts'

export interface RemoveDialogProps {
  readonly title: string
  /** What the removal means: what is gone for good, and what stays. */
  readonly children: ReactNode
  /** What the button says. */
  readonly action: string
  readonly remove: () => Promise<unknown>
  /** Said once it is removed. */
  readonly done: string
  /** For what a wrong row of a list would be dear: the word is typed before the button takes a press. */
  readonly word?: { readonly is: string; readonly label: string; readonly refused: string }
  readonly onClose: () => void
  readonly onDone: () => void
}

/** Asks before something is removed, and stays open with the error where it could not be. */
export function RemoveDialog({ title, children, action, remove, done, word, onClose, onDone }: RemoveDialogProps) {
  const id = useId()
  const [typed, setTyped] = useState('')
  const fits = word === undefined || typed.trim() === word.is
  const { submit, busy, error } = useSubmission({ act: fits ? remove : null, done, onDone, onClose })
  return (
    <Dialog
      title={title}
      onClose={onClose}
      footer={
        <Button type="submit" form={id} look="primary" busy={busy} refused={fits ? null : word.refused}>
          {action}
        </Button>
      }
    >
      <form id={id} className="stack" noValidate onSubmit={submit}>
        {error === undefined ? null : <ErrorNote error={error} />}
        {children}
        {word === undefined ? null : (
          <Field
            label={word.label}
            autoComplete="off"
            spellCheck={false}
            maxLength={100}
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
        )}
      </form>
    </Dialog>
  )
}
