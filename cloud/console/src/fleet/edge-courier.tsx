import type { CourierFile, EdgeDetail } from '@jidoka/contract'
import { Button, ErrorNote, FileDrop, Progress, ResourceView, saveFile, useFormat, useResource } from '@jidoka/ui'
import { useEffect, useRef, useState } from 'react'
import { useConsole, useRefusal, useText } from '../app/console-context.tsx'
import { Part } from '../app/pane.tsx'
import { CourierFiles } from './courier-files.tsx'
import { sendCourierFile } from './courier-upload.ts'

/** 3 s: the work on a file of weeks takes minutes. */
const refreshEveryMs = 3_000

/** Files that somebody carries, where an edge has no line. */
export function EdgeCourier({ edge }: { edge: EdgeDetail }) {
  const t = useText()
  return (
    <>
      <p className="second small">{t('courier.hint')}</p>
      <Part title={t('courier.out')}>
        <Export edge={edge} />
      </Part>
      <Part title={t('courier.in')}>
        <Import edge={edge} />
      </Part>
    </>
  )
}

function Export({ edge }: { edge: EdgeDetail }) {
  const t = useText()
  const format = useFormat()
  const { api } = useConsole()
  const refusal = useRefusal()
  const [bytes, setBytes] = useState<number | null>(null)
  const [error, setError] = useState<unknown>(undefined)
  const save = async () => {
    setBytes(0)
    setError(undefined)
    try {
      const { blob, name } = await api.courierForEdge(edge.id, setBytes)
      saveFile(blob, name ?? 'jidoka.courier')
    } catch (failure) {
      setError(failure)
    } finally {
      setBytes(null)
    }
  }
  return (
    <>
      <p>{t('courier.out_body')}</p>
      {error === undefined ? null : <ErrorNote error={error} />}
      {bytes === null ? null : (
        <Progress label={t('courier.out')} fraction={null}>
          {t('courier.writing', { bytes: format.bytes(bytes) })}
        </Progress>
      )}
      <p>
        <Button
          busy={bytes !== null}
          refused={edge.state === 'revoked' ? t('fleet.is_revoked') : refusal('fleet:manage')}
          onClick={() => void save()}
        >
          {t('courier.export')}
        </Button>
      </p>
    </>
  )
}

interface Sending {
  readonly name: string
  readonly file: CourierFile | null
  readonly sent: number
}

function Import({ edge }: { edge: EdgeDetail }) {
  const t = useText()
  const { api } = useConsole()
  const refusal = useRefusal()('fleet:manage')
  const [sending, setSending] = useState<Sending | null>(null)
  const [error, setError] = useState<unknown>(undefined)
  const controller = useRef<AbortController | null>(null)
  useEffect(() => () => controller.current?.abort(), [])
  const files = useResource(refusal === null ? 'courier files' : null, api.courierFiles, refreshEveryMs)

  const send = async (chosen: File) => {
    const abort = new AbortController()
    controller.current = abort
    setSending({ name: chosen.name, file: null, sent: 0 })
    setError(undefined)
    try {
      await sendCourierFile(chosen, {
        api,
        signal: abort.signal,
        onProgress: (file, sent) => setSending({ name: chosen.name, file, sent }),
        wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
        random: Math.random,
      })
      files.reload()
    } catch (failure) {
      if (!abort.signal.aborted) setError(failure)
    } finally {
      setSending(null)
    }
  }
  const fraction = sending?.file ? sending.sent / Math.max(1, sending.file.pieces) : null
  return (
    <>
      <FileDrop
        label={t('courier.drop')}
        hint={t('courier.drop_hint')}
        accept=".courier"
        refused={sending === null ? refusal : t('courier.busy')}
        onFile={(file) => void send(file)}
      />
      {sending === null ? null : (
        <div className="stack">
          <Progress label={t('courier.in')} fraction={fraction}>
            {t('courier.sending', {
              name: sending.name,
              sent: sending.sent,
              pieces: sending.file === null ? '…' : sending.file.pieces,
            })}
          </Progress>
          <p>
            <Button className="button-small" onClick={() => controller.current?.abort()}>
              {t('courier.stop')}
            </Button>
          </p>
        </div>
      )}
      {error === undefined ? null : <ErrorNote error={error} />}
      {refusal === null ? (
        <ResourceView resource={files} rows={2}>
          {(rows) => <CourierFiles rows={rows} edge={edge} onChanged={files.reload} />}
        </ResourceView>
      ) : null}
    </>
  )
}
