import { edgePaths, type EdgeTag } from '@jidoka/contract'
import { Button, ErrorNote, Field, useLocalText, useToasts, useUiMessages } from '@jidoka/ui'
import { useState, type FormEvent } from 'react'
import { useText } from '../messages/index.ts'
import { useMay, useSession } from '../session/session-context.tsx'
import { fieldsOf, limitNames, readAdoption, type AdoptionFields } from './adoption-fields.ts'

/** Name, unit, digits and limits of a discovered tag. Give it the tag's key as its own: what was typed belongs to that tag. */
export function AdoptionForm({ tag, onChanged }: { tag: EdgeTag; onChanged: () => void }) {
  const t = useText()
  const ui = useUiMessages()
  const localText = useLocalText()
  const toasts = useToasts()
  const { api } = useSession()
  const may = useMay('tag:adopt')
  const [fields, setFields] = useState(() => fieldsOf(tag))
  const [tried, setTried] = useState(false)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(undefined)
  const read = readAdoption(tag, fields)
  const mistakes = tried && 'mistakes' in read ? read.mistakes : {}
  const refused = may ? null : ui('refusal.not_permitted')

  const change = async (work: () => Promise<unknown>, done: string) => {
    if (busy || !may) return
    setBusy(true)
    setError(undefined)
    try {
      await work()
      toasts.done(done)
      onChanged()
    } catch (failure) {
      setError(failure)
    } finally {
      setBusy(false)
    }
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setTried(true)
    if ('mistakes' in read) return
    const name = localText({ ko: fields.nameKo, en: fields.nameEn })
    void change(() => api.post(edgePaths.adoptTag, read.request), t('tags.adopted_toast', { name }))
  }
  const withdraw = () =>
    void change(
      () => api.delete(edgePaths.adoptTag, { query: { key: tag.key } }),
      t('tags.withdrawn_toast', { name: tag.key }),
    )

  const box = (name: keyof AdoptionFields) => ({
    value: fields[name],
    readOnly: !may,
    error: mistakes[name] === undefined ? null : t(`tags.${mistakes[name]}`),
    onChange: (event: { target: { value: string } }) =>
      setFields((before) => ({ ...before, [name]: event.target.value })),
  })
  return (
    <form className="stack" noValidate onSubmit={submit}>
      {error === undefined ? null : <ErrorNote error={error} />}
      <div className="adoption-fields">
        <Field label={t('tags.name_ko')} maxLength={200} {...box('nameKo')} />
        <Field label={t('tags.name_en')} maxLength={200} {...box('nameEn')} />
        <Field
          label={t('tags.unit')}
          maxLength={16}
          hint={tag.unit === '' ? t('tags.unit_hint') : t('tags.unit_said', { unit: tag.unit })}
          {...box('unit')}
        />
        {tag.kind === 'number' ? (
          <Field label={t('tags.decimals')} inputMode="numeric" maxLength={1} {...box('decimals')} />
        ) : null}
      </div>
      {tag.kind === 'number' ? (
        <fieldset className="adoption-fields adoption-limits">
          <legend>{t('tags.limits')}</legend>
          {limitNames.map((name) => (
            <Field
              key={name}
              label={t(`tags.${name}`)}
              unit={fields.unit}
              inputMode="decimal"
              maxLength={20}
              {...box(name)}
            />
          ))}
        </fieldset>
      ) : null}
      <div className="row">
        <Button type="submit" look="primary" busy={busy} refused={refused}>
          {tag.adopted_here ? t('tags.save') : t('tags.adopt')}
        </Button>
        {tag.adopted_here ? (
          <Button busy={busy} refused={refused} refusedShown="spoken" onClick={withdraw}>
            {t('tags.withdraw')}
          </Button>
        ) : null}
      </div>
    </form>
  )
}
