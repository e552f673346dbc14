/** Every URL of both tiers in one place. A path with `{name}` is filled by `fill`. */
export const edgePaths = {
  login: '/api/v1/auth/login',
  logout: '/api/v1/auth/logout',
  me: '/api/v1/auth/me',
  password: '/api/v1/auth/password',
  board: '/api/v1/board',
  stream: '/api/v1/stream',
  tags: '/api/v1/tags',
  adoptTag: '/api/v1/tags/adopt',
  history: '/api/v1/history',
  alarms: '/api/v1/alarms',
  acknowledge: '/api/v1/alarms/{id}/acknowledge',
  judgments: '/api/v1/judgments',
  judgment: '/api/v1/judgments/{id}',
  rules: '/api/v1/rules',
  tryRule: '/api/v1/rules/try',
  sync: '/api/v1/sync',
  outages: '/api/v1/sync/outages',
  deadLetters: '/api/v1/dead-letters',
} as const

export const cloudPaths = {
  login: '/api/v1/auth/login',
  refresh: '/api/v1/auth/refresh',
  logout: '/api/v1/auth/logout',
  me: '/api/v1/auth/me',
  edges: '/api/v1/fleet/edges',
  edge: '/api/v1/fleet/edges/{id}',
  enrolments: '/api/v1/fleet/enrolments',
  sites: '/api/v1/fleet/sites',
  desired: '/api/v1/fleet/edges/{id}/desired/{kind}/{key}',
  lines: '/api/v1/fleet/lines',
  rules: '/api/v1/rules',
  rule: '/api/v1/rules/{id}',
  deployRule: '/api/v1/rules/{id}/deploy',
  judgmentExecute: '/api/v1/judgment/execute',
  judgmentRecent: '/api/v1/judgment/recent',
  judgment: '/api/v1/judgment/{id}',
  stream: '/api/v1/stream',
  audit: '/api/v1/audit',
} as const

export const simulatorPaths = {
  state: '/api/v1/plant',
  speed: '/api/v1/plant/speed',
  faults: '/api/v1/faults',
  fault: '/api/v1/faults/{id}',
} as const

/** Puts encoded parts into a path: `fill('/a/{id}', { id: 'x/y' })` is `/a/x%2Fy`. Throws for a part that is missing. */
export function fill(path: string, parts: Readonly<Record<string, string>>): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const part = parts[name]
    if (part === undefined) throw new TypeError(`the path ${path} needs "${name}"`)
    return encodeURIComponent(part)
  })
}
