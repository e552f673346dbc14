import {
  Button,
  Dialog,
  ErrorNote,
  Field,
  formatDuration,
  useFormat,
  useLocalText,
  useResource,
  useTick,
  useUi,
} from '@jidoka/ui'
import { useState, type FormEvent } from 'react'
import { useConsole, useText } from '../app/console-context.tsx'
import type { Enrolment } from '../app/console-api.ts'
import { CopyButton } from '../app/copy-button.tsx'
import { enrolCommand, siteCodeProblem, validMinProblem } from './enrol.ts'

/** Makes a one-time token and shows it once: the cloud keeps a hash only. */
export function EnrolDialog({ onClose }: { onClose: () => void }) {
  const t = useText()
  const local = useLocalText()
  const { api } = useConsole()
  const sites = useResource('sites', api.sites)
  const [siteCode, setSiteCode] = useState('')
  const [validMin, setValidMin] = useState('60')
  const [tried, setTried] = useState(false)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(undefined)
  const [made, setMade] = useState<Enrolment | null>(null)

  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setTried(true)
    if (busy || siteCodeProblem(siteCode) || validMinProblem(validMin)) return
    setBusy(true)
    setError(undefined)
    try {
      setMade(await api.enrol({ site_code: siteCode, valid_min: Number(validMin) }))
    } catch (failure) {
      setError(failure)
    } finally {
      setBusy(false)
    }
  }

  if (made !== null) return <TokenDialog enrolment={made} onClose={onClose} />
  return (
    <Dialog
      title={t('enrol.title')}
      onClose={onClose}
      footer={
        <Button type="submit" form="enrol" look="primary" busy={busy}>
          {t('enrol.make')}
        </Button>
      }
    >
      <form id="enrol" className="stack" noValidate onSubmit={(event) => void submit(event)}>
        <p>{t('enrol.body')}</p>
        {error === undefined ? null : <ErrorNote error={error} />}
        <Field
          label={t('enrol.site')}
          hint={t('enrol.site_hint')}
          list="enrol-sites"
          autoComplete="off"
          value={siteCode}
          onChange={(event) => setSiteCode(event.target.value.trim())}
          error={tried && siteCodeProblem(siteCode) ? t('enrol.site_problem') : null}
        />
        <datalist id="enrol-sites">
          {sites.data?.map((site) => (
            <option key={site.id} value={site.code}>
              {local(site.name)}
            </option>
          ))}
        </datalist>
        <Field
          label={t('enrol.valid')}
          unit={t('enrol.minutes')}
          inputMode="numeric"
          value={validMin}
          onChange={(event) => setValidMin(event.target.value)}
          error={tried && validMinProblem(validMin) ? t('enrol.valid_problem') : null}
        />
      </form>
    </Dialog>
  )
}

function TokenDialog({ enrolment, onClose }: { enrolment: Enrolment; onClose: () => void }) {
  const t = useText()
  const { locale } = useUi()
  const format = useFormat()
  const command = enrolCommand(enrolment.token, location.origin)
  const left = useTick((nowMs) => {
    const leftMs = Date.parse(enrolment.expires_at) - nowMs
    return leftMs <= 0 ? null : formatDuration(leftMs, locale)
  })
  return (
    <Dialog title={t('enrol.made_title', { site: enrolment.site_code })} onClose={onClose}>
      <div className="stack">
        <p>{t('enrol.once')}</p>
        <div className="secret">
          <code>{enrolment.token}</code>
          <CopyButton text={enrolment.token} label={t('enrol.copy_token')} />
        </div>
        <p>{t('enrol.command')}</p>
        <div className="secret">
          <pre>{command}</pre>
          <CopyButton text={command} label={t('enrol.copy_command')} />
        </div>
        <output>
          {left === null
            ? t('enrol.expired')
            : t('enrol.expires', { left, time: format.instant(enrolment.expires_at, 'dateSecond') })}
        </output>
      </div>
    </Dialog>
  )
}
