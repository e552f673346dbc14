import type { Permission } from '@jidoka/domain'
import { writeUrlState } from '@jidoka/ui'
import { judgmentFields, type JudgmentView } from '../judgments/filters.ts'

/** Every address of the console in one place. What a page shows beside its list is in the query, so that a link shows a colleague the same. */
const plantPages = ['/lines', '/fleet', '/judgments', '/rules'] as const
const administrationPages = ['/audit', '/secrets', '/events', '/jobs', '/archives', '/storage', '/tenants'] as const
export const pages = [...plantPages, ...administrationPages] as const
export type PagePath = (typeof pages)[number]

/** Without it such a page says whom to ask, and nothing else. */
const needed: Record<(typeof administrationPages)[number], Permission> = {
  '/audit': 'audit:read',
  '/secrets': 'secret:manage',
  '/events': 'settings:manage',
  '/jobs': 'job:read',
  '/archives': 'export:create',
  '/storage': 'export:create',
  '/tenants': 'user:manage',
}

/** What the frame offers at once: the pages of a shift's work, and one entry for those of administration, which offer each other, those that this person may see first. */
export function navigationAt(
  path: string,
  may: (permission: Permission) => boolean,
): {
  readonly pages: readonly PagePath[]
  readonly administration: PagePath
  /** Empty on a page of the plant. */
  readonly besides: readonly PagePath[]
} {
  const here = administrationPages.find((page) => page === path.replace(/\/$/, ''))
  const offered = administrationPages.toSorted((one, other) => Number(may(needed[other])) - Number(may(needed[one])))
  return {
    pages: plantPages,
    administration: here ?? offered[0] ?? administrationPages[0],
    besides: here === undefined ? [] : offered,
  }
}

export const pageTitles = {
  '/lines': 'page.lines',
  '/fleet': 'page.fleet',
  '/judgments': 'page.judgments',
  '/rules': 'page.rules',
  '/audit': 'page.audit',
  '/secrets': 'page.secrets',
  '/events': 'page.events',
  '/jobs': 'page.jobs',
  '/archives': 'page.archives',
  '/storage': 'page.storage',
  '/tenants': 'page.tenants',
} as const satisfies Record<PagePath, string>

const withOne = (path: PagePath, name: string, value: string): string =>
  `${path}?${new URLSearchParams({ [name]: value }).toString()}`

export const places = {
  edge: (id: string) => withOne('/fleet', 'edge', id),
  line: (edgeId: string, code: string) => withOne('/lines', 'line', `${edgeId}/${code}`),
  rule: (id: string) => withOne('/rules', 'rule', id),
  newRule: '/rules?new=1',
  judgments: (view: Partial<JudgmentView>) => `/judgments${writeUrlState(judgmentFields, '', view)}`,
}
