import type { CloudLine } from '@jidoka/contract'
import { EmptyState, Link, ResourceView, urlText, useResource, useUrlState } from '@jidoka/ui'
import { useRef, useState } from 'react'
import { useConsole, useText } from '../app/console-context.tsx'
import { Split } from '../app/pane.tsx'
import { useHotkeys } from '../app/hotkeys.ts'
import { useLiveEvents } from '../live/live-context.tsx'
import { useCoalesced } from '../live/use-coalesced.ts'
import { LinePane } from './line-pane.tsx'
import { LineRow } from './line-row.tsx'
import { countLines, lineId, sortLines, withAlarm, withHeard } from './lines-state.ts'

const fields = { line: urlText() }

/**
 * 1 s between two readings of all lines: what people read as live. Alarms and ages do not wait for it, they are in the events
 * themselves.
 */
const restMs = 1_000
/** Values of an edge that is idle change too rarely for events; and a missed event must not stay missed. */
const refreshEveryMs = 15_000

function useLiveLines() {
  const { api } = useConsole()
  const resource = useResource('lines', api.lines, refreshEveryMs)
  // Changes that came by the stream since the last answer; that answer itself has them all.
  const [patched, setPatched] = useState<{ base: CloudLine[]; lines: CloudLine[] } | null>(null)
  const askAgain = useCoalesced(resource.reload, restMs)
  const base = resource.data
  const patch = (change: (lines: CloudLine[]) => CloudLine[]) => {
    if (base === undefined) return
    setPatched((before) => ({ base, lines: change(before?.base === base ? before.lines : base) }))
  }
  useLiveEvents({
    onEvent: (event) => {
      if (event.event === 'alarm') patch((lines) => withAlarm(lines, event.data))
      if (event.event === 'edge') patch((lines) => withHeard(lines, event.data))
      askAgain()
    },
    onGap: resource.reload,
  })
  return { ...resource, data: patched !== null && patched.base === base ? patched.lines : base }
}

export function LinesPage() {
  const t = useText()
  const lines = useLiveLines()
  const [{ line: openId }, change] = useUrlState(fields)
  const frame = useRef<HTMLDivElement>(null)
  const open = (id: string, replace = false) => change({ line: id }, { replace })
  const close = () => change({ line: '' })

  const move = (step: 1 | -1) => {
    const rows = [...(frame.current?.querySelectorAll<HTMLElement>('[data-line]') ?? [])]
    const from = rows.findIndex((row) => row.contains(document.activeElement))
    const target = rows[from === -1 ? 0 : Math.max(0, Math.min(rows.length - 1, from + step))]
    target?.querySelector<HTMLElement>('a')?.focus()
    target?.scrollIntoView({ block: 'nearest' })
    const id = target?.dataset['line']
    if (openId !== '' && id !== undefined) open(id, true)
  }
  useHotkeys({
    j: () => move(1),
    k: () => move(-1),
    Escape: () => {
      if (openId !== '') close()
    },
  })

  const chosen = lines.data?.find((line) => lineId(line) === openId)
  return (
    <div className="page" ref={frame}>
      <div className="page-head">
        <h1>{t('page.lines')}</h1>
        {lines.data === undefined || lines.data.length === 0 ? null : <Summary lines={lines.data} />}
      </div>
      <Split
        list={
          <ResourceView resource={lines}>
            {(all) =>
              all.length === 0 ? (
                <EmptyState title={t('lines.empty_title')} action={<Link href="/fleet">{t('lines.empty_link')}</Link>}>
                  {t('lines.empty_body')}
                </EmptyState>
              ) : (
                <ul className="line-list">
                  {sortLines(all).map((line) => (
                    <LineRow key={lineId(line)} line={line} chosen={lineId(line) === openId} narrow={openId !== ''} />
                  ))}
                </ul>
              )
            }
          </ResourceView>
        }
        pane={
          openId === '' || lines.data === undefined ? null : (
            <LinePane key={openId} line={chosen ?? null} onClose={close} />
          )
        }
      />
    </div>
  )
}

function Summary({ lines }: { lines: readonly CloudLine[] }) {
  const t = useText()
  const { abnormal, unjudged, unacknowledged, areAlarmsAll } = countLines(lines)
  if (abnormal + unjudged + unacknowledged === 0)
    return <p className="second">{t('lines.all_normal', { count: lines.length })}</p>
  return (
    <p className="row">
      <strong>{t('lines.abnormal', { abnormal, total: lines.length })}</strong>
      {unjudged === 0 ? null : <span>{t('lines.unjudged', { count: unjudged })}</span>}
      <span>
        {t(areAlarmsAll ? 'lines.unacknowledged' : 'lines.unacknowledged_at_least', { count: unacknowledged })}
      </span>
    </p>
  )
}
