import { useState, type FormEvent, type ReactNode } from 'react'
import { useUiMessages } from '../context/ui-context.tsx'
import { Button } from './button.tsx'
import { ErrorNote } from './feedback.tsx'
import { Field } from './field.tsx'
import { LanguageSwitch, ThemeSwitch } from './switches.tsx'

/** A whole page. `onSignIn` rejects with what `ErrorNote` can describe. */
export function SignInForm({
  product,
  place,
  notice,
  onSignIn,
}: {
  product: string
  /** Which site or tenant one signs in to, where it is known. */
  place?: ReactNode
  /** Why one is here again: signed out, session over. */
  notice?: ReactNode
  onSignIn: (login: string, password: string) => Promise<void>
}) {
  const t = useUiMessages()
  const [login, setLogin] = useState('')
  const [password, setPassword] = useState('')
  const [shown, setShown] = useState(false)
  const [tried, setTried] = useState(false)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(undefined)

  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setTried(true)
    if (busy || login.trim() === '' || password === '') return
    setBusy(true)
    setError(undefined)
    try {
      await onSignIn(login.trim().toLowerCase(), password)
    } catch (failure) {
      setError(failure)
    } finally {
      setBusy(false)
    }
  }

  return (
    <main className="sign-in">
      <form className="sign-in-panel" noValidate onSubmit={(event) => void submit(event)}>
        <div>
          <h1>{product}</h1>
          {place ? <p className="second">{place}</p> : null}
        </div>
        {notice ? <p>{notice}</p> : null}
        {error === undefined ? null : <ErrorNote error={error} />}
        <Field
          label={t('sign_in.login')}
          name="login"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          value={login}
          onChange={(event) => setLogin(event.target.value)}
          error={tried && login.trim() === '' ? t('sign_in.needs_login') : null}
        />
        <Field
          label={t('sign_in.password')}
          name="password"
          type={shown ? 'text' : 'password'}
          autoComplete="current-password"
          value={password}
          onChange={(event) => setPassword(event.target.value)}
          error={tried && password === '' ? t('sign_in.needs_password') : null}
        />
        <label className="row">
          <input type="checkbox" checked={shown} onChange={(event) => setShown(event.target.checked)} />
          <span>{t('sign_in.show_password')}</span>
        </label>
        <Button type="submit" look="primary" busy={busy}>
          {t('sign_in.submit')}
        </Button>
        <div className="sign-in-foot">
          <LanguageSwitch />
          <ThemeSwitch />
        </div>
      </form>
    </main>
  )
}
