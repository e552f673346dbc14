import { createLog, hashPassword, ManualClock, OperationalError } from '@jidoka/base'
import { edgePaths, problemSchema } from '@jidoka/contract'
import type { Problem } from '@jidoka/contract'
import type { Role } from '@jidoka/domain'
import { LiveBoard } from '../../board/board.ts'
import { newStats } from '../../broker/stats.ts'
import { Metrics } from '../../metrics/metrics.ts'
import { LineStatus } from '../../uplink/line-status.ts'
import { ReceiptDeskError } from '../../uplink/receipt-desk.ts'
import { SyncDesk } from '../../uplink/sync-desk.ts'
import { LoginLimiter } from '../../users/login-limiter.ts'
import { SessionTable } from '../../users/sessions.ts'
import { UserDirectory } from '../../users/user-directory.ts'
import type { StoredCommand } from '../../ports.ts'
import { createApp } from '../app.ts'
import type { EdgeServices } from '../context.ts'
import { StreamHub } from '../stream-hub.ts'
import { MemoryJournal } from './memory-journal.ts'

export const password = 'correct horse battery'
const passwordHash = await hashPassword(password)

/** The HTTP side on a journal in memory and a clock turned by hand; asked by `app.request()`, without a port. */
export class HttpHarness {
  readonly journal = new MemoryJournal()
  readonly clock = new ManualClock()
  notReady: string[] = []
  commands: StoredCommand[] = []
  #made: { readonly services: EdgeServices; readonly app: ReturnType<typeof createApp> }

  constructor() {
    for (const role of ['admin', 'viewer', 'operator'] satisfies Role[]) this.addUser(role, role)
    this.#made = this.#build({})
  }

  get app(): ReturnType<typeof createApp> {
    return this.#made.app
  }

  get services(): EdgeServices {
    return this.#made.services
  }

  addUser(login: string, role: Role, origin: 'local' | 'desired' = 'local'): void {
    this.journal.storedUsers.push({ login, name: login, role, locale: 'en', passwordHash, origin })
  }

  /** As after a restart on the same journal, with some services in place of the usual ones. */
  restart(part: Partial<EdgeServices> = {}): void {
    this.#made = this.#build(part)
  }

  async get(path: string, cookie?: string): Promise<Response> {
    return this.app.request(path, { headers: cookie === undefined ? {} : { cookie } })
  }

  async post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return this.app.request(path, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    })
  }

  logIn(login: string, given = password): Promise<Response> {
    return this.post(edgePaths.login, { login, password: given })
  }

  async cookieOf(login: string): Promise<string> {
    const answer = await this.logIn(login)
    if (answer.status !== 200) throw new Error(`the sign-in of ${login} answered ${answer.status}`)
    return sessionOf(answer)
  }

  #build(part: Partial<EdgeServices>): { services: EdgeServices; app: ReturnType<typeof createApp> } {
    const { journal, clock } = this
    const disk = {
      free_bytes: 9_000,
      used_bytes: 1_000,
      horizon_days: null,
      horizon_days_at_day_rate: null,
      problem: null,
      problem_kind: null,
    }
    const status = new LineStatus(clock, 'not_enrolled', 'no cloud')
    const lineToCloud = () => status.view(journal.lanes(), disk)
    const board = new LiveBoard(journal, {
      site: 'Plant',
      timeZone: 'Asia/Seoul',
      identity: () => ({ edgeId: null, name: 'edge', tenantId: 'demo', version: '0.1.0' }),
      lineToCloud,
      nowMs: () => clock.nowMs(),
    })
    journal.onCommitted((committed) => board.apply(committed))
    const hub = new StreamHub(clock)
    const sync = new SyncDesk({
      line: null,
      pipeline: journal,
      reader: journal,
      lineToCloud,
      clock,
      log: createLog('test', { level: 'silent' }),
      random: () => 0.5,
    })
    const metrics = new Metrics({
      lineToCloud,
      syncStatus: () => sync.status(),
      rowsGone: () => [],
      alarmsOpen: () => board.openAlarmsCount,
      mqttClients: () => 0,
      broker: newStats,
      streamClients: () => hub.clientsCount,
      streamSlowTotal: () => hub.slowClientsTotal,
      mergesTotal: () => 0,
      spans: () => ({ sent: 0, lost: 0, dropped: 0 }),
      connectors: () => [],
    })
    const services: EdgeServices = {
      clock,
      log: createLog('test', { level: 'silent' }),
      version: '0.1.0',
      meter: metrics.requests,
      board,
      reader: journal,
      pipeline: journal,
      history: { query: () => Promise.resolve({ times_ms: [], values: [], readings_count: 0 }) },
      users: new UserDirectory(journal, journal),
      sessions: new SessionTable(clock, journal.setting('sessions'), (text) => journal.saveSetting('sessions', text)),
      limiter: new LoginLimiter(clock),
      hub,
      lineToCloud,
      sync,
      receipts: {
        list: () => ({ receipts: [], next: null }),
        verify: () => Promise.resolve(null),
        verification: () => ({ state: 'none', started_at: null, ended_at: null, problem: null, counts: {}, wrong: [] }),
        beginVerification: () => {
          throw new ReceiptDeskError('never enrolled')
        },
      },
      courier: {
        export: () => Promise.reject(new OperationalError('not enrolled')),
        exports: () => [],
        import: () => Promise.reject(new OperationalError('not enrolled')),
      },
      tryRule: () =>
        Promise.resolve({
          refused: { kind: 'rule_refused', problem: 'Line 2, column 5: unknown', line: 2, column: 5 },
        }),
      commands: (limit) => this.commands.slice(-limit),
      supportBundle: () =>
        Promise.resolve({
          bytes: Buffer.from('bundle'),
          sha256: '0'.repeat(64),
          files: 1,
          file: 'bundles/support-1.tar.gz',
        }),
      metricsText: () => metrics.text(),
      notReady: () => this.notReady,
      cliToken: 'the-token',
      behindTls: false,
      webFolder: undefined,
      ...part,
    }
    return { services, app: createApp(services) }
  }
}

export const sessionOf = (answer: Response): string => (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? ''

/** The problem of an answer; throws when it is none, or not of its media type. */
export async function problemOf(answer: Response | Promise<Response>): Promise<Problem> {
  const response = await answer
  const type = response.headers.get('content-type') ?? ''
  if (!type.includes('application/problem+json'))
    throw new Error(`an answer of ${response.status} with ${type} is no problem`)
  return problemSchema.parse(await response.json())
}
