import type { TenantList, TenantMove } from '@jidoka/contract'
import {
  EmptyState,
  ErrorNote,
  Field,
  Loading,
  ProblemError,
  urlText,
  useResource,
  useToasts,
  useUrlState,
} from '@jidoka/ui'
import { useRef, useState } from 'react'
import { useConsole, useRefusal, useText } from '../app/console-context.tsx'
import { useRowKeys } from '../app/use-row-keys.ts'
import { useLiveEvents } from '../live/live-context.tsx'
import { useCoalesced } from '../live/use-coalesced.ts'
import { DatabaseTable } from './database-table.tsx'
import { DropOldDialog } from './drop-old-dialog.tsx'
import { MoveDialog } from './move-dialog.tsx'
import { MoveTable } from './move-table.tsx'
import { withSamples, type Samples } from './move-view.ts'
import { TenantTable } from './tenant-table.tsx'

/** The stream tells of each step; this is for one that is missed, and for moves of the command line. */
const refreshEveryMs = 10_000
const restMs = 1_000
const jobsOfTenants: ReadonlySet<string> = new Set(['tenants.move', 'tenants.drop_old'])
const fields = { find: urlText() }

/** All tenants with the databases that serve them, and their moves: for administrators of the platform. */
export function TenantsPage() {
  const t = useText()
  const refused = useRefusal()('user:manage')
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t('page.tenants')}</h1>
      </div>
      {refused === null ? <Tenants /> : <Refused />}
    </div>
  )
}

function Refused() {
  const t = useText()
  return <EmptyState title={t('tenants.refused_title')}>{t('tenants.refused_body')}</EmptyState>
}

function Tenants() {
  const { api } = useConsole()
  const list = useResource('tenants', api.tenants, refreshEveryMs)
  const moves = useResource('tenant moves', api.tenantMoves, refreshEveryMs)
  const reload = () => {
    list.reload()
    moves.reload()
  }
  const reloadSoon = useCoalesced(reload, restMs)
  const reloadMovesSoon = useCoalesced(moves.reload, restMs)
  useLiveEvents({
    onEvent: (event) => {
      if (event.event !== 'job' || !jobsOfTenants.has(event.data.kind)) return
      // While it runs it tells how far it is, each second: where tenants are changes at its beginning and end.
      if (event.data.state === 'running') reloadMovesSoon()
      else reloadSoon()
    },
    onGap: reloadSoon,
  })
  const error = list.error ?? moves.error
  const retry = error === undefined ? null : <ErrorNote error={error} onRetry={reload} />
  if (list.data === undefined || moves.data === undefined) {
    // Administrators of other tenants may manage people, and not tenants.
    if (error instanceof ProblemError && error.problem.kind === 'not_permitted') return <Refused />
    return retry ?? <Loading rows={6} />
  }
  return (
    <>
      {retry}
      <TenantsView list={list.data} moves={moves.data} readAtMs={moves.loadedAtMs ?? 0} onChanged={reload} />
    </>
  )
}

function TenantsView({
  list,
  moves,
  readAtMs,
  onChanged,
}: {
  list: TenantList
  moves: readonly TenantMove[]
  readAtMs: number
  onChanged: () => void
}) {
  const t = useText()
  const { api } = useConsole()
  const toasts = useToasts()
  const [{ find }, change] = useUrlState(fields)
  const frame = useRef<HTMLDivElement>(null)
  const [seen, setSeen] = useState<{ atMs: number; samples: Samples }>({ atMs: 0, samples: new Map() })
  const [busy, setBusy] = useState<string | null>(null)
  const [moving, setMoving] = useState<string | null>(null)
  const [dropping, setDropping] = useState<TenantMove | null>(null)
  if (seen.atMs !== readAtMs) setSeen({ atMs: readAtMs, samples: withSamples(seen.samples, moves, readAtMs) })
  useRowKeys(frame, { openKey: null, onMove: () => undefined, onClose: () => undefined })

  const doing = async (move: TenantMove, work: () => Promise<void>, done: string) => {
    setBusy(move.id)
    try {
      await work()
      toasts.done(done)
      onChanged()
    } catch (failure) {
      toasts.failed(failure)
    } finally {
      setBusy(null)
    }
  }
  const isAlone = list.databases.length === 1
  const tenants = list.tenants.filter(({ id, database }) => id.includes(find) || database.includes(find))
  return (
    <div className="stack" ref={frame}>
      <p className="second">{t('tenants.about')}</p>
      <h2>{t('tenants.databases')}</h2>
      <DatabaseTable list={list} />
      <h2>{t('tenants.moves')}</h2>
      {moves.length === 0 ? (
        isAlone ? (
          <EmptyState title={t('tenants.alone_title')}>{t('tenants.alone_body')}</EmptyState>
        ) : (
          <EmptyState title={t('tenants.no_moves_title')}>{t('tenants.no_moves_body')}</EmptyState>
        )
      ) : (
        <MoveTable
          moves={moves}
          samples={seen.samples}
          busy={busy}
          onCancel={(move) => void doing(move, () => api.cancelTenantMove(move.tenant), t('tenants.cancel_asked'))}
          onGoOn={(move) => void doing(move, () => api.moveTenant(move.tenant, move.to), t('tenants.move_asked'))}
          onDrop={setDropping}
        />
      )}
      <h2>{t('tenants.all')}</h2>
      <search className="filters">
        <Field
          label={t('tenants.find')}
          type="search"
          value={find}
          maxLength={63}
          onChange={(event) => change({ find: event.target.value.trim() }, { replace: true })}
        />
      </search>
      {tenants.length === 0 ? (
        <EmptyState title={t('tenants.none_title')}>{t('tenants.none_body')}</EmptyState>
      ) : (
        <TenantTable list={{ ...list, tenants }} all={list} onMove={setMoving} />
      )}
      {moving === null ? null : (
        <MoveDialog tenant={moving} list={list} onClose={() => setMoving(null)} onDone={onChanged} />
      )}
      {dropping === null ? null : (
        <DropOldDialog move={dropping} onClose={() => setDropping(null)} onDone={onChanged} />
      )}
    </div>
  )
}
