import {
  cloudPaths,
  courierBeginQuerySchema,
  courierFileSchema,
  courierPieceBytes,
  edgeCommandSchema,
  edgeOutageSchema,
  newCommandSchema,
  pageQuerySchema,
  settledTroublesSchema,
  settleTroublesSchema,
  type CourierFile,
  type EdgeCommand,
  type EdgeOutage,
  type EdgeTrouble,
} from '@jidoka/contract'
import { z } from 'zod'

/** What stands about the line of edges. Everything that a test changes is a plain value. */
export interface FleetFacts {
  troubles: Map<string, EdgeTrouble[]>
  outages: EdgeOutage[]
  commands: EdgeCommand[]
  courierFiles: CourierFile[]
  /** Bytes of each piece that came, by number. */
  readonly pieces: Map<number, number>
  readonly settledWith: string[]
}

export const createFleetFacts = (): FleetFacts => ({
  troubles: new Map(),
  outages: [],
  commands: [],
  courierFiles: [],
  pieces: new Map(),
  settledWith: [],
})

export interface FleetCall {
  readonly may: (permission: string) => void
  readonly refuse: (kind: 'not_found' | 'invalid_input', detail: string) => never
  readonly login: string
  readonly bytes: Buffer
  readonly query: Record<string, string>
  readonly parts: readonly string[]
}

const emptySchema = z.strictObject({})
const json = (bytes: Buffer): unknown => JSON.parse(String(bytes))

type FleetRoute = readonly [
  method: string,
  path: string,
  answer: z.ZodType,
  handle: (facts: FleetFacts, call: FleetCall) => { data: unknown; next_cursor?: string },
]

/** The routes about a single edge, which begin with the longest paths. */
export const fleetRoutes: readonly FleetRoute[] = [
  [
    'GET',
    cloudPaths.edgeOutages,
    z.array(edgeOutageSchema),
    (facts, { query }) => {
      const { cursor, limit } = pageQuerySchema.parse(query)
      const from = Number(cursor ?? 0)
      const next = from + limit
      return {
        data: facts.outages.slice(from, next),
        ...(next < facts.outages.length ? { next_cursor: String(next) } : {}),
      }
    },
  ],
  [
    'POST',
    cloudPaths.edgeTroublesSettle,
    settledTroublesSchema,
    (facts, { may, login, bytes, parts: [id = ''] }) => {
      may('fleet:manage')
      const { reason } = settleTroublesSchema.parse(json(bytes))
      facts.settledWith.push(reason)
      const before = facts.troubles.get(id) ?? []
      const settled = { at: new Date().toISOString(), by: login, reason }
      facts.troubles.set(
        id,
        before.map((trouble) => ({ ...trouble, settled: trouble.settled ?? settled })),
      )
      return { data: { settled: before.length } }
    },
  ],
  ['GET', cloudPaths.edgeCommands, z.array(edgeCommandSchema), (facts) => ({ data: facts.commands })],
  [
    'POST',
    cloudPaths.edgeCommands,
    edgeCommandSchema,
    (facts, { may, login, bytes }) => {
      may('fleet:manage')
      const { id, what, valid_min: validMin } = newCommandSchema.parse(json(bytes))
      const nowMs = Date.now()
      const command: EdgeCommand = {
        id,
        what,
        issued_by: login,
        issued_at: new Date(nowMs).toISOString(),
        expires_at: new Date(nowMs + validMin * 60_000).toISOString(),
        state: 'waiting',
        problem: null,
        result: null,
        reported_at: null,
        bundle: null,
      }
      facts.commands.unshift(command)
      return { data: command }
    },
  ],
  [
    'DELETE',
    cloudPaths.edgeCommand,
    emptySchema,
    (facts, { may, parts: [, id] }) => {
      may('fleet:manage')
      facts.commands = facts.commands.filter((command) => command.id !== id)
      return { data: {} }
    },
  ],
  [
    'GET',
    cloudPaths.courierFiles,
    z.array(courierFileSchema),
    (facts, { may }) => {
      may('fleet:manage')
      return { data: facts.courierFiles }
    },
  ],
  [
    'POST',
    cloudPaths.courierFiles,
    courierFileSchema,
    (facts, { may, refuse, login, bytes, query }) => {
      may('fleet:manage')
      const { bytes: all } = courierBeginQuerySchema.parse(query)
      if (!bytes.subarray(0, 6).equals(Buffer.from('jidoka')))
        return refuse('invalid_input', 'This is no courier file. Choose one that an edge has saved.')
      facts.pieces.set(0, bytes.length)
      const file = fileOf(facts, all, login)
      facts.courierFiles = [file]
      return { data: file }
    },
  ],
  [
    'PUT',
    cloudPaths.courierPiece,
    courierFileSchema,
    (facts, { may, refuse, login, bytes, parts: [, no] }) => {
      may('fleet:manage')
      const [file] = facts.courierFiles
      if (file === undefined) return refuse('not_found', 'There is no such file.')
      facts.pieces.set(Number(no), bytes.length)
      facts.courierFiles = [fileOf(facts, file.bytes, login)]
      return { data: facts.courierFiles[0] }
    },
  ],
  [
    'DELETE',
    cloudPaths.courierFile,
    emptySchema,
    (facts, { may }) => {
      may('fleet:manage')
      facts.courierFiles = []
      return { data: {} }
    },
  ],
]

function fileOf({ pieces }: FleetFacts, bytes: number, login: string): CourierFile {
  const count = Math.ceil(bytes / courierPieceBytes)
  const missing = Array.from({ length: count }, (_, no) => no).filter((no) => !pieces.has(no))
  const isHere = missing.length === 0
  const now = new Date().toISOString()
  return {
    file_id: '00000000-0000-4000-8000-00000000c001',
    edge_id: '00000000-0000-7000-8000-000000000002',
    edge_name: 'ulsan-assembly',
    state: isHere ? 'done' : 'receiving',
    problem: null,
    bytes,
    pieces: count,
    pieces_missing: missing,
    batches_applied: isHere ? 12 : 0,
    batches: isHere ? 12 : null,
    rows_new: isHere ? 840_000 : 0,
    records: { from_seq: 1, to_seq: 412 },
    readings: { from_seq: 1, to_seq: 900_000 },
    created_at: now,
    begun_at: now,
    begun_by: login,
    ended_at: isHere ? now : null,
  }
}
