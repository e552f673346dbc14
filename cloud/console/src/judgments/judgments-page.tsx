import { Button, EmptyState, ErrorNote, Loading, useUi, useUrlState } from '@jidoka/ui'
import { useRef } from 'react'
import { useText } from '../app/console-context.tsx'
import { useHotkeys } from '../app/hotkeys.ts'
import { Split } from '../app/pane.tsx'
import { useRowKeys } from '../app/use-row-keys.ts'
import { FilterBar } from './filter-bar.tsx'
import { filterCount, judgmentFields, noFilters, type JudgmentFilters } from './filters.ts'
import { JudgmentPane } from './judgment-pane.tsx'
import { JudgmentTable } from './judgment-table.tsx'
import { useJudgmentList } from './use-judgment-list.ts'

export function JudgmentsPage() {
  const t = useText()
  const { locale } = useUi()
  const [{ id: openId, ...filters }, change] = useUrlState(judgmentFields)
  const { list, reload, loadMore } = useJudgmentList(filters)
  const frame = useRef<HTMLDivElement>(null)
  const open = (id: string, replace = false) => change({ id }, { replace })
  const close = () => change({ id: '' })
  const filter = (changed: Partial<JudgmentFilters>) => change(changed)
  useRowKeys(frame, { openKey: openId === '' ? null : openId, onMove: (id) => open(id, true), onClose: close })
  useHotkeys({
    n: () => {
      if (list.waiting.size > 0) reload()
    },
  })

  const waiting = list.waiting.size
  const count = `${waiting.toLocaleString(locale)}${list.waitingMany ? '+' : ''}`
  return (
    <div className="page" ref={frame}>
      <div className="page-head">
        <h1>{t('page.judgments')}</h1>
        <div className="row" aria-live="polite">
          {waiting === 0 ? null : (
            <Button look="primary" onClick={reload}>
              {t('judgments.new', { count })} <kbd>n</kbd>
            </Button>
          )}
        </div>
      </div>
      <FilterBar filters={filters} onChange={filter} />
      <Split
        list={
          <div className="stack">
            {list.error === null ? null : (
              <ErrorNote error={list.error} onRetry={list.rows.length === 0 ? reload : loadMore} />
            )}
            {list.phase === 'loading' && list.rows.length === 0 ? <Loading rows={12} /> : null}
            {list.rows.length === 0 && list.nextCursor === null && list.phase === 'ready' && list.error === null ? (
              <NoJudgments filters={filters} onClear={() => filter(noFilters)} />
            ) : null}
            {list.rows.length === 0 ? null : (
              <JudgmentTable
                rows={list.rows}
                openId={openId}
                narrow={openId !== ''}
                onOpen={(row) => open(row.execution_id)}
              />
            )}
            {list.nextCursor === null ? null : (
              <div>
                <Button busy={list.phase === 'loading_more'} onClick={loadMore}>
                  {t(list.phase === 'loading_more' ? 'judgments.loading_more' : 'judgments.more')}
                </Button>
              </div>
            )}
            {list.nextCursor === null && list.rows.length > 0 ? (
              <p className="second small">{t('judgments.end')}</p>
            ) : null}
          </div>
        }
        pane={
          openId === '' ? null : (
            <JudgmentPane
              key={openId}
              id={openId}
              known={list.rows.find((row) => row.execution_id === openId) ?? null}
              onClose={close}
            />
          )
        }
      />
    </div>
  )
}

function NoJudgments({ filters, onClear }: { filters: JudgmentFilters; onClear: () => void }) {
  const t = useText()
  if (filterCount(filters) === 0) {
    return <EmptyState title={t('judgments.empty_title')}>{t('judgments.empty_body')}</EmptyState>
  }
  return (
    <EmptyState title={t('judgments.none_title')} action={<Button onClick={onClear}>{t('judgments.clear')}</Button>}>
      {t('judgments.none_body')}
    </EmptyState>
  )
}
