import { documentBytesMax } from '@jidoka/contract'
import { Button, ErrorNote, FileDrop, Progress, useFormat, useToasts } from '@jidoka/ui'
import { useEffect, useRef, useState } from 'react'
import { useConsole, useRefusal, useText } from '../app/console-context.tsx'
import { accepted, typeOfName, whyNot, type WrongFile } from './documents.ts'
import { putFile } from './put-file.ts'
import { sha256Of } from './sha256.ts'

interface Sending {
  readonly file: File
  /** Null: it is looked through, and none of it has left yet. */
  readonly sent: number | null
}

/**
 * One document at a time, with how far it is, until it is stored or cancelled.
 * @param onEnded whatever became of it: one that was cancelled, or whose answer was lost, may have been stored all the same
 */
export function DocumentUpload({ onEnded }: { onEnded: () => void }) {
  const t = useText()
  const format = useFormat()
  const { api } = useConsole()
  const toasts = useToasts()
  const refused = useRefusal()('settings:manage')
  const [sending, setSending] = useState<Sending | null>(null)
  const [wrong, setWrong] = useState<{ readonly name: string; readonly why: WrongFile } | null>(null)
  const [error, setError] = useState<unknown>(undefined)
  const controller = useRef<AbortController | null>(null)
  useEffect(() => () => controller.current?.abort(), [])

  const send = async (file: File) => {
    setError(undefined)
    const why = whyNot(file)
    setWrong(why === null ? null : { name: file.name, why })
    const type = typeOfName(file.name)
    if (why !== null || type === null) return
    const abort = new AbortController()
    const { signal } = abort
    controller.current = abort
    setSending({ file, sent: null })
    try {
      const sha256 = await sha256Of(file, signal)
      const { path } = await api.objectUpload({ name: file.name, content_type: type, bytes: file.size, sha256 }, signal)
      await putFile(path, file, { signal, onBytes: (sent) => setSending({ file, sent }) })
      toasts.done(t('storage.stored', { name: file.name }))
    } catch (failure) {
      if (!signal.aborted) setError(failure)
    } finally {
      setSending(null)
      onEnded()
    }
  }

  const total = sending === null ? 0 : sending.file.size
  return (
    <div className="stack">
      <FileDrop
        label={t('storage.drop')}
        hint={t('storage.drop_hint', { bytes: format.bytes(documentBytesMax) })}
        accept={accepted}
        refused={sending === null ? refused : t('storage.busy')}
        onFile={(file) => void send(file)}
      />
      {sending === null ? null : (
        <>
          <Progress label={sending.file.name} fraction={sending.sent === null ? null : sending.sent / total}>
            {sending.sent === null
              ? t('storage.looking', { name: sending.file.name })
              : t('storage.sending', {
                  name: sending.file.name,
                  sent: format.bytes(sending.sent),
                  bytes: format.bytes(total),
                })}
          </Progress>
          <div>
            <Button className="button-small" onClick={() => controller.current?.abort()}>
              {t('storage.cancel')}
            </Button>
          </div>
        </>
      )}
      {wrong === null ? null : (
        <p className="problem" role="alert">
          {t(`storage.wrong_${wrong.why}`, { name: wrong.name, bytes: format.bytes(documentBytesMax) })}
        </p>
      )}
      {error === undefined ? null : <ErrorNote error={error} />}
    </div>
  )
}
