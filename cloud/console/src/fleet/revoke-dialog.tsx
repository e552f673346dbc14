import type { EdgeDetail } from '@jidoka/contract'
import { Button, Dialog, ErrorNote, Field } from '@jidoka/ui'
import { useState } from 'react'
import { useConsole, useText } from '../app/console-context.tsx'
import { useSubmission } from './submission.ts'

/** Cannot be taken back, so the name is typed: a row too far down in a list must not shut a plant out. */
export function RevokeDialog({ edge, onClose, onDone }: { edge: EdgeDetail; onClose: () => void; onDone: () => void }) {
  const t = useText()
  const { api } = useConsole()
  const [typed, setTyped] = useState('')
  const fits = typed.trim() === edge.name
  const { submit, busy, error } = useSubmission({
    act: fits ? () => api.revokeEdge(edge.id) : null,
    done: t('revoke.done', { edge: edge.name }),
    onDone,
    onClose,
  })
  return (
    <Dialog
      title={t('revoke.title', { edge: edge.name })}
      onClose={onClose}
      footer={
        <Button type="submit" form="revoke" look="primary" busy={busy} refused={fits ? null : t('revoke.type_name')}>
          {t('revoke.revoke')}
        </Button>
      }
    >
      <form id="revoke" className="stack" noValidate onSubmit={submit}>
        <p>{t('revoke.body')}</p>
        {error === undefined ? null : <ErrorNote error={error} />}
        <Field
          label={t('revoke.name', { edge: edge.name })}
          autoComplete="off"
          spellCheck={false}
          maxLength={100}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
      </form>
    </Dialog>
  )
}
