import { epochStanding } from '@jidoka/sync-engine'
import { emptyDigest, lanes, protocolVersion } from '@jidoka/sync-protocol'
import type { Cursor, Lane, TrustList } from '@jidoka/sync-protocol'
import type { Database, Transaction } from '../../platform/db/database.ts'
import { RefusalError } from '../../platform/http/problem.ts'
import type { EdgeIdentity } from './edge-identity.ts'
import { Gathered } from './gathered.ts'
import { findCursorsWithReceipts } from './lane-repository.ts'
import type { EpochName } from './lane-repository.ts'
import { findLivesOfEdges } from './repository.ts'
import type { EdgeLives } from './repository.ts'
import { standingTroubles } from './troubles-repository.ts'
import type { StandingTrouble } from './troubles-repository.ts'

interface Question extends EpochName {
  /** The cloud's keys, for who knows the members of protocol 1.2; null for others. */
  readonly trust: TrustList | null
}

/** Where each lane of an edge goes on, as edges ask for it: each after a start and once a minute, and a whole fleet at once after a cut. */
export class Cursors {
  readonly #gathered: Gathered<Question, Cursor | RefusalError>

  constructor(database: Database) {
    this.#gathered = new Gathered((tenantId, asked) => database.withTenant(tenantId, (tx) => answerAll(tx, asked)))
  }

  /** @throws RefusalError */
  async of({ tenantId, edgeId }: EdgeIdentity, epoch: string, trust: TrustList | null): Promise<Cursor> {
    const answer = await this.#gathered.ask(tenantId, { edgeId, epoch, trust })
    if (answer instanceof RefusalError) throw answer
    return answer
  }
}

/** Of one epoch, within a transaction that does more. */
export async function cursorOf(tx: Transaction, edgeId: string, epoch: string): Promise<Cursor> {
  return cursorFrom({ edgeId, epoch, trust: null }, await findCursorsWithReceipts(tx, [{ edgeId, epoch }]), [])
}

async function answerAll(tx: Transaction, asked: readonly Question[]): Promise<(Cursor | RefusalError)[]> {
  // An edge and its copy may ask for the same.
  const epochs = [...new Map(asked.map((question) => [nameOf(question), question])).values()]
  const [found, rows, troubles] = await Promise.all([
    findLivesOfEdges(tx, [...new Set(asked.map(({ edgeId }) => edgeId))]),
    findCursorsWithReceipts(tx, epochs),
    standingTroubles(tx, epochs),
  ])
  const edges = new Map(found.map((edge) => [edge.id, edge]))
  const rowsOf = Map.groupBy(rows, ({ edge_id: edgeId, epoch }) => nameOf({ edgeId, epoch }))
  const troublesOf = Map.groupBy(troubles, nameOf)
  return asked.map((question) => {
    const name = nameOf(question)
    return (
      refusalOf(edges.get(question.edgeId), question.epoch) ??
      cursorFrom(question, rowsOf.get(name) ?? [], troublesOf.get(name) ?? [])
    )
  })
}

/** An edge may write its epoch in capitals; the database does not. */
const nameOf = ({ edgeId, epoch }: EpochName): string => `${edgeId} ${epoch.toLowerCase()}`

function refusalOf(edge: EdgeLives | undefined, epoch: string): RefusalError | null {
  if (edge === undefined) return new RefusalError({ kind: 'unknown_edge' })
  if (edge.revoked_at !== null) return new RefusalError({ kind: 'revoked' })
  const { epoch: currentEpoch, superseded_epochs: supersededEpochs } = edge
  const standing = epochStanding({ currentEpoch, supersededEpochs }, epoch)
  return standing.kind === 'refuse' ? new RefusalError(standing.refusal) : null
}

function cursorFrom(
  { edgeId, epoch, trust }: Question,
  rows: Awaited<ReturnType<typeof findCursorsWithReceipts>>,
  troubles: readonly StandingTrouble[],
): Cursor {
  const laneOf = (lane: Lane): Cursor['lanes'][Lane] => {
    const row = rows.find((each) => each.lane === lane)
    return {
      next_seq: (row?.received_seq ?? 0) + 1,
      count_total: row?.rows_total ?? 0,
      digest: row?.digest ?? emptyDigest,
      receipt: row?.receipt ?? null,
    }
  }
  const of: Partial<Cursor['lanes']> = {}
  for (const lane of lanes) of[lane] = laneOf(lane)
  const cursor = { protocol: protocolVersion, edge_id: edgeId, epoch, lanes: of as Cursor['lanes'] }
  if (trust === null) return cursor
  return { ...cursor, trust, ...(troubles.length === 0 ? {} : { troubles: troubles.map(({ told }) => told) }) }
}
