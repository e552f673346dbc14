import { secretLettersMax, type SecretSummary } from '@jidoka/contract'
import { Button, Dialog, ErrorNote, Field, useToasts } from '@jidoka/ui'
import { useId, useState, type FormEvent } from 'react'
import { useConsole, useText } from '../app/console-context.tsx'

const nameForm = /^[a-z0-9][a-z0-9._-]{0,62}$/

/** @param secret the one that is set anew; null for another */
export function SetSecretDialog({
  secret,
  onClose,
  onDone,
}: {
  secret: SecretSummary | null
  onClose: () => void
  onDone: () => void
}) {
  const t = useText()
  const { api } = useConsole()
  const toasts = useToasts()
  const valueId = useId()
  const [name, setName] = useState(secret?.name ?? '')
  const [purpose, setPurpose] = useState(secret?.purpose ?? '')
  const [value, setValue] = useState('')
  const [tried, setTried] = useState(false)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(undefined)
  const isNamed = nameForm.test(name)
  const hasPurpose = nameForm.test(purpose)
  const hasValue = value.length > 0 && value.length <= secretLettersMax

  const save = async (event: FormEvent) => {
    event.preventDefault()
    setTried(true)
    if (busy || !isNamed || !hasPurpose || !hasValue) return
    setBusy(true)
    setError(undefined)
    try {
      await api.putSecret(name, purpose, value)
      toasts.done(t('secrets.saved', { name }))
      onDone()
      onClose()
    } catch (failure) {
      setError(failure)
      setBusy(false)
    }
  }
  return (
    <Dialog
      title={t(secret === null ? 'secrets.set' : 'secrets.set_again')}
      onClose={onClose}
      footer={
        <Button type="submit" form="set-secret" look="primary" busy={busy}>
          {t('secrets.save')}
        </Button>
      }
    >
      <form id="set-secret" className="stack" noValidate autoComplete="off" onSubmit={(event) => void save(event)}>
        {error === undefined ? null : <ErrorNote error={error} />}
        <Field
          label={t('secrets.name')}
          hint={t('secrets.name_hint')}
          autoComplete="off"
          spellCheck={false}
          maxLength={63}
          readOnly={secret !== null}
          value={name}
          onChange={(event) => setName(event.target.value.trim())}
          error={tried && !isNamed ? t('secrets.name_problem') : null}
        />
        <Field
          label={t('secrets.purpose')}
          hint={t('secrets.purpose_hint')}
          autoComplete="off"
          spellCheck={false}
          maxLength={63}
          value={purpose}
          onChange={(event) => setPurpose(event.target.value.trim())}
          error={tried && !hasPurpose ? t('secrets.purpose_problem') : null}
        />
        {/* Of several lines, as keys and certificates are. */}
        <div className="field">
          <label className="field-label" htmlFor={valueId}>
            {t('secrets.value')}
          </label>
          <textarea
            id={valueId}
            className="field-control"
            rows={3}
            autoComplete="off"
            spellCheck={false}
            maxLength={secretLettersMax}
            aria-invalid={tried && !hasValue ? true : undefined}
            aria-describedby={`${valueId}-hint`}
            value={value}
            onChange={(event) => setValue(event.target.value)}
          />
          <div className="field-hint" id={`${valueId}-hint`}>
            {t('secrets.value_hint')}
          </div>
          {tried && !hasValue ? (
            <div className="field-error" role="alert">
              {t('secrets.value_problem')}
            </div>
          ) : null}
        </div>
      </form>
    </Dialog>
  )
}
