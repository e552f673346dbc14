import {
  EmptyState,
  ErrorBoundary,
  ErrorNote,
  Link,
  Loading,
  Shell,
  useLocalText,
  usePath,
  useRoute,
  useSearch,
  useUi,
  useUrlState,
  type NavigationItem,
  type RouteParameters,
} from '@jidoka/ui'
import { useEffect, type ReactNode } from 'react'
import { AlarmsPage } from './alarms/alarms-page.tsx'
import { BoardPage } from './board/board-page.tsx'
import { needsAcknowledgement } from './board/line-summary.ts'
import { useLive, useLiveBoard } from './board/live-context.tsx'
import { WallPage } from './board/wall-page.tsx'
import { boardFields } from './board/board-fields.ts'
import { HeaderAside } from './header-aside.tsx'
import { JudgmentsPage } from './judgments/judgments-page.tsx'
import { LinePage } from './line/line-page.tsx'
import { useText } from './messages/index.ts'
import { RulesPage } from './rules/rules-page.tsx'
import { SettingsPage } from './settings/settings-page.tsx'
import { Banners } from './sync/banners.tsx'
import { SyncPage } from './sync/sync-page.tsx'
import { TagsPage } from './tags/tags-page.tsx'

/** Every page by its address. */
const pages = {
  '/': () => <BoardPage />,
  '/lines/:code': (parameters) => <LinePage code={parameters['code'] ?? ''} />,
  '/alarms': () => <AlarmsPage />,
  '/judgments': () => <JudgmentsPage />,
  '/rules': () => <RulesPage />,
  '/tags': () => <TagsPage />,
  '/sync': () => <SyncPage />,
  '/settings': () => <SettingsPage />,
} satisfies Record<string, (parameters: RouteParameters) => ReactNode>
const routes = Object.keys(pages) as (keyof typeof pages)[]

function Page() {
  const t = useText()
  const { route, parameters } = useRoute(routes)
  if (route !== null) return pages[route](parameters)
  return (
    <EmptyState
      title={t('page.not_found')}
      action={
        <Link className="button" href="/">
          {t('page.to_board')}
        </Link>
      }
    >
      {t('page.not_found_hint')}
    </EmptyState>
  )
}

/** Logged where a technician with the browser's tools looks for it; the appliance has no place for a panel's own errors yet. */
function reportError(error: unknown): void {
  globalThis.reportError(error)
}

export function Pages() {
  const t = useText()
  const localText = useLocalText()
  const { setTimeZone } = useUi()
  const live = useLiveBoard()
  const path = usePath()
  const search = useSearch()
  const [{ view }] = useUrlState(boardFields)
  const isThere = useLive((state) => state.board !== null)
  const error = useLive((state) => state.error)
  const site = useLive((state) => state.board?.site ?? null)
  const alarms = useLive((state) => state.board?.alarms ?? null)
  const timeZone = site?.time_zone

  useEffect(() => {
    if (timeZone !== undefined) setTimeZone(timeZone)
  }, [timeZone, setTimeZone])
  const title = site === null ? 'Jidoka' : localText(site.name)
  useEffect(() => {
    document.title = title
  }, [title])

  const toAcknowledge = [...(alarms?.values() ?? [])].filter(needsAcknowledgement).length
  const navigation: NavigationItem[] = [
    { href: '/', label: t('page.board') },
    { href: '/alarms', label: t('page.alarms'), badge: toAcknowledge },
    { href: '/judgments', label: t('page.judgments') },
    { href: '/rules', label: t('page.rules') },
    { href: '/tags', label: t('nav.tags') },
    { href: '/sync', label: t('nav.sync') },
  ]

  if (isThere && path === '/' && view === 'wall') return <WallPage />
  return (
    <Shell title={title} navigation={navigation} aside={<HeaderAside />} banner={isThere ? <Banners /> : null}>
      <ErrorBoundary resetKey={path + search} report={reportError}>
        {isThere ? (
          <Page />
        ) : error === undefined ? (
          <Loading rows={8} />
        ) : (
          <ErrorNote error={error} onRetry={live.refetch} />
        )}
      </ErrorBoundary>
    </Shell>
  )
}
