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
  syncStatus: '/api/v1/sync/status',
  syncNow: '/api/v1/sync/now',
  syncEpoch: '/api/v1/sync/epoch',
  syncAudit: '/api/v1/sync/audit',
  receipts: '/api/v1/sync/receipts',
  receiptVerify: '/api/v1/sync/receipts/verify',
  receiptsVerification: '/api/v1/sync/receipts/verification',
  courierExport: '/api/v1/courier/export',
  courierExports: '/api/v1/courier/exports',
  courierImport: '/api/v1/courier/import',
  deadLetters: '/api/v1/dead-letters',
  commands: '/api/v1/commands',
  supportBundle: '/api/v1/support-bundle',
} as const

export const cloudPaths = {
  login: '/api/v1/auth/login',
  refresh: '/api/v1/auth/refresh',
  logout: '/api/v1/auth/logout',
  me: '/api/v1/auth/me',
  edges: '/api/v1/fleet/edges',
  edge: '/api/v1/fleet/edges/{id}',
  enrolments: '/api/v1/fleet/enrolments',
  edgeTroublesSettle: '/api/v1/fleet/edges/{id}/troubles/settle',
  edgeOutages: '/api/v1/fleet/edges/{id}/outages',
  edgeCommands: '/api/v1/fleet/edges/{id}/commands',
  edgeCommand: '/api/v1/fleet/edges/{id}/commands/{command}',
  edgeCommandBundle: '/api/v1/fleet/edges/{id}/commands/{command}/bundle',
  edgeCourier: '/api/v1/fleet/edges/{id}/courier',
  courierFiles: '/api/v1/fleet/courier',
  courierFile: '/api/v1/fleet/courier/{file}',
  courierPiece: '/api/v1/fleet/courier/{file}/pieces/{no}',
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
  auditChain: '/api/v1/audit/chain',
  auditExport: '/api/v1/audit/export',
  secrets: '/api/v1/secrets',
  secret: '/api/v1/secrets/{name}',
  pii: '/api/v1/pii',
  piiOriginal: '/api/v1/pii/{id}',
  piiReveal: '/api/v1/pii/{id}/reveal',
  deadEvents: '/api/v1/events/dead',
  deadEventRetry: '/api/v1/events/dead/{id}/retry',
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
