import { EmptyState, Link, Loading, navigate } from '@jidoka/ui'
import { lazy, Suspense, useEffect, type ReactNode } from 'react'
import { AuditPage } from '../audit/audit-page.tsx'
import { FleetPage } from '../fleet/fleet-page.tsx'
import { JudgmentsPage } from '../judgments/judgments-page.tsx'
import { LinesPage } from '../lines/lines-page.tsx'
import { useText } from './console-context.tsx'
import { pages, pageTitles, type PagePath } from './places.ts'

/** The editor is the largest page and most visits do not need it. */
const RulesPage = lazy(async () => ({ default: (await import('../rules/rules-page.tsx')).RulesPage }))

/** Few visit these, and seldom. */
const ArchivesPage = lazy(async () => ({ default: (await import('../archives/archives-page.tsx')).ArchivesPage }))
const EventsPage = lazy(async () => ({ default: (await import('../events/events-page.tsx')).EventsPage }))
const JobsPage = lazy(async () => ({ default: (await import('../jobs/jobs-page.tsx')).JobsPage }))
const SecretsPage = lazy(async () => ({ default: (await import('../secrets/secrets-page.tsx')).SecretsPage }))
const StoragePage = lazy(async () => ({ default: (await import('../storage/storage-page.tsx')).StoragePage }))
const TenantsPage = lazy(async () => ({ default: (await import('../tenants/tenants-page.tsx')).TenantsPage }))

const views: Record<PagePath, () => ReactNode> = {
  '/lines': () => <LinesPage />,
  '/fleet': () => <FleetPage />,
  '/judgments': () => <JudgmentsPage />,
  '/rules': () => <RulesPage />,
  '/audit': () => <AuditPage />,
  '/secrets': () => <SecretsPage />,
  '/events': () => <EventsPage />,
  '/jobs': () => <JobsPage />,
  '/archives': () => <ArchivesPage />,
  '/storage': () => <StoragePage />,
  '/tenants': () => <TenantsPage />,
}

export function CurrentPage({ path }: { path: string }) {
  const t = useText()
  const page = pages.find((known) => known === path.replace(/\/$/, ''))
  const title = page === undefined ? '' : `${t(pageTitles[page])} · `
  useEffect(() => {
    document.title = `${title}Jidoka`
    if (path === '/') navigate('/lines', { replace: true })
  }, [title, path])
  if (page !== undefined) return <Suspense fallback={<Loading />}>{views[page]()}</Suspense>
  if (path === '/') return null
  return (
    <EmptyState title={t('not_found.title')} action={<Link href="/lines">{t('not_found.link')}</Link>}>
      {t('not_found.body')}
    </EmptyState>
  )
}
