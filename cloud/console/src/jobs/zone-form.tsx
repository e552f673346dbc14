import { timeZoneSchema } from '@jidoka/contract'
import { Button, ErrorNote, Field, ResourceView, useResource, useToasts } from '@jidoka/ui'
import { useId, useState, type FormEvent } from 'react'
import { useConsole, useRefusal, useText } from '../app/console-context.tsx'

/** The zone that the tenant's schedules are read in. */
export function ZoneForm({ onChanged }: { onChanged: () => void }) {
  const { api } = useConsole()
  const zone = useResource('time zone', api.timeZone)
  return (
    <ResourceView resource={zone}>
      {({ time_zone: current }) => <ZoneOf key={current} current={current} onChanged={onChanged} />}
    </ResourceView>
  )
}

function ZoneOf({ current, onChanged }: { current: string; onChanged: () => void }) {
  const t = useText()
  const { api } = useConsole()
  const toasts = useToasts()
  const refused = useRefusal()('settings:manage')
  const zonesId = useId()
  const [zone, setZone] = useState(current)
  const [tried, setTried] = useState(false)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(undefined)
  const isKnown = timeZoneSchema.safeParse(zone).success
  const save = async (event: FormEvent) => {
    event.preventDefault()
    setTried(true)
    if (busy || !isKnown) return
    setBusy(true)
    setError(undefined)
    try {
      await api.putTimeZone(zone)
      toasts.done(t('jobs.zone_saved', { zone }))
      onChanged()
    } catch (failure) {
      setError(failure)
    } finally {
      setBusy(false)
    }
  }
  return (
    <form className="stack" noValidate onSubmit={(event) => void save(event)}>
      {error === undefined ? null : <ErrorNote error={error} />}
      <div className="filters">
        <Field
          label={t('jobs.zone')}
          list={zonesId}
          autoComplete="off"
          spellCheck={false}
          maxLength={64}
          disabled={refused !== null}
          value={zone}
          error={tried && !isKnown ? t('jobs.zone_problem') : null}
          onChange={(event) => setZone(event.target.value.trim())}
        />
        <datalist id={zonesId}>
          {Intl.supportedValuesOf('timeZone').map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </datalist>
        <Button type="submit" busy={busy} refused={refused ?? (zone === current ? t('jobs.zone_same') : null)}>
          {t('jobs.zone_save')}
        </Button>
      </div>
    </form>
  )
}
