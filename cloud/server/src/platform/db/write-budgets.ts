import { Readable } from 'node:stream'
import { cloudPaths, fill } from '@jidoka/contract'
import { ruleOf } from '../../testing/world.ts'
import type { TestEdge, World } from '../../testing/world.ts'

// What changes something is asked of the database in as many statements for fifty things as for one: fifty edges, lines or troubles that it is about, and fifty
// of its kind that are there already.

export interface Written {
  readonly edge: TestEdge
  readonly job: string
  readonly archive: string
}

export interface WriteRequest {
  readonly path: string
  readonly json?: unknown
}

/** Makes what a request needs, and says it. @param many how many things it is about, where it is about several */
type Prepare = (world: World, seeded: Written, many: number) => Promise<WriteRequest>

let made = 0
const nextName = () => `made-${++made}`

const query = async <Row extends object>(world: World, text: string, values: unknown[]): Promise<Row[]> =>
  (await world.store.backend.pool.query<Row>(text, values)).rows

const site = (lines: number) => ({
  name: { ko: nextName(), en: 'Ulsan' },
  time_zone: 'Asia/Seoul',
  lines: Array.from({ length: lines }, (_, no) => ({
    code: `LINE-${no}`,
    area: 'PRESS',
    name: { ko: '가 라인', en: 'Line A' },
  })),
})

const desired = ({ edge }: Written, kind: string) => fill(cloudPaths.desired, { id: edge.id, kind, key: kind })

async function stored(world: World): Promise<{ id: string; key: string; bytes: number }> {
  const key = `documents/${nextName()}.pdf`
  const { id, bytes } = await world.cloud.objects.port.put('demo', {
    key,
    kind: 'document',
    contentType: 'application/pdf',
    by: 'admin',
    body: Readable.from([Buffer.from('of nobody else')]),
  })
  return { id, key, bytes }
}

/** A version of a rule that no edge has. */
async function newRule(world: World): Promise<string> {
  const id = nextName()
  await world.as('PUT', fill(cloudPaths.rule, { id }), { definition: ruleOf({ id }), based_on_version: 0 })
  return id
}

/** By method and path. */
export const writes: Readonly<Record<string, Prepare>> = {
  [`post ${cloudPaths.deployRule}`]: async (world, _, many) => {
    const edges = await query<{ id: string }>(
      world,
      `select id from fleet.edges where tenant_id = 'demo' and revoked_at is null limit $1`,
      [many],
    )
    if (edges.length < many) throw new Error(`${edges.length} edges are no ${many}`)
    return {
      path: fill(cloudPaths.deployRule, { id: await newRule(world) }),
      json: { edge_ids: edges.map(({ id }) => id) },
    }
  },
  [`put ${cloudPaths.rule}`]: async () => {
    const id = nextName()
    return { path: fill(cloudPaths.rule, { id }), json: { definition: ruleOf({ id }), based_on_version: 0 } }
  },
  [`put ${cloudPaths.desired}`]: async (_, seeded, many) => ({
    path: desired(seeded, 'site'),
    json: { body: site(many) },
  }),
  [`delete ${cloudPaths.desired}`]: async (world, seeded) => {
    const path = desired(seeded, 'policy')
    await world.as('PUT', path, { body: { retention: { readings_days: 90 } } })
    return { path }
  },
  [`post ${cloudPaths.enrolments}`]: async () => ({
    path: cloudPaths.enrolments,
    json: { site_code: 'ULSAN', valid_min: 60 },
  }),
  [`delete ${cloudPaths.edge}`]: async (world) => ({
    path: fill(cloudPaths.edge, { id: (await world.newEdge({ name: nextName() })).id }),
  }),
  [`post ${cloudPaths.edgeTroublesSettle}`]: async (world, { edge }, many) => {
    await query(
      world,
      `insert into fleet.troubles (tenant_id, id, edge_id, epoch, lane, kind, seq, held_seq, held_count, held_digest, ours_seq, ours_count, ours_digest, told_by, since, last_at)
       select 'demo', gen_random_uuid(), $1, gen_random_uuid(), 'records', 'ahead', 1, 1, 1, '', 1, 1, '', 'edge', now(), now() from generate_series(1, $2)`,
      [edge.id, many],
    )
    return { path: fill(cloudPaths.edgeTroublesSettle, { id: edge.id }), json: { reason: 'looked at' } }
  },
  [`post ${cloudPaths.judgmentExecute}`]: async () => ({
    path: cloudPaths.judgmentExecute,
    json: { workflow_id: 'press-temperature', input: { value: ++made } },
  }),
  [`post ${cloudPaths.jobRequeue}`]: async (world, { job }) => {
    await query(world, `update core.jobs set state = 'dead' where id = $1`, [job])
    return { path: fill(cloudPaths.jobRequeue, { id: job }) }
  },
  [`post ${cloudPaths.jobCancel}`]: async (world, { job }) => {
    await query(world, `update core.jobs set state = 'dead' where id = $1`, [job])
    await world.as('POST', fill(cloudPaths.jobRequeue, { id: job }))
    return { path: fill(cloudPaths.jobCancel, { id: job }) }
  },
  [`put ${cloudPaths.timeZone}`]: async () => ({ path: cloudPaths.timeZone, json: { time_zone: 'Asia/Seoul' } }),
  [`post ${cloudPaths.tenants}`]: async () => {
    const id = nextName()
    return {
      path: cloudPaths.tenants,
      json: { id, name: id, admin_login: `admin-of-${id}`, admin_password: 'correct horse battery' },
    }
  },
  [`put ${cloudPaths.tenantStorage}`]: async () => ({
    path: fill(cloudPaths.tenantStorage, { id: 'demo' }),
    json: { bytes: null, files: null },
  }),
  [`post ${cloudPaths.objectUploads}`]: async () => ({
    path: cloudPaths.objectUploads,
    json: { name: `${nextName()}.pdf`, content_type: 'application/pdf', bytes: 3, sha256: 'f'.repeat(64) },
  }),
  [`post ${cloudPaths.objectShare}`]: async (world) => ({
    path: fill(cloudPaths.objectShare, { id: (await stored(world)).id }),
  }),
  [`delete ${cloudPaths.object}`]: async (world) => ({
    path: fill(cloudPaths.object, { id: (await stored(world)).id }),
  }),
  [`put ${cloudPaths.archiveSettings}`]: async (_, __, many) => ({
    path: cloudPaths.archiveSettings,
    json: { tables: many === 1 ? ['core.judgment_executions'] : ['core.judgment_executions', 'core.reading_segments'] },
  }),
  [`post ${cloudPaths.archiveLink}`]: async (_, { archive }) => ({
    path: fill(cloudPaths.archiveLink, { id: archive }),
  }),
  [`delete ${cloudPaths.archiveRestore}`]: async (world, { archive }) => {
    await query(world, `update core.archives set restore_state = 'restored' where id = $1`, [archive])
    return { path: fill(cloudPaths.archiveRestore, { id: archive }) }
  },
  [`delete ${cloudPaths.archive}`]: async (world, { archive }) => {
    const { key } = await stored(world)
    const [copy] = await query<{ id: string }>(
      world,
      `insert into core.archives select (jsonb_populate_record(old, jsonb_build_object('id', gen_random_uuid(), 'partition_name', $2::text, 'object_key', $3::text,
         'restore_state', null, 'restored_until', null, 'restored_by', null))).* from core.archives old where id = $1 returning id`,
      [archive, nextName(), key],
    )
    return { path: fill(cloudPaths.archive, { id: copy?.id ?? '' }) }
  },
  [`put ${cloudPaths.secret}`]: async () => ({
    path: fill(cloudPaths.secret, { name: nextName() }),
    json: { purpose: 'test', value: 'not to be told' },
  }),
  [`delete ${cloudPaths.secret}`]: async (world) => {
    const path = fill(cloudPaths.secret, { name: nextName() })
    await world.as('PUT', path, { purpose: 'test', value: 'not to be told' })
    return { path }
  },
}

const ofOnePerson = 'one person and their session'
const ofOneFile = 'one file, whose pieces come one by one'
const byJob = 'asks for a job, which does it'

/** Why a route that changes something is not among them. */
export const writesApart: Readonly<Record<string, string>> = {
  [`post ${cloudPaths.login}`]: ofOnePerson,
  [`post ${cloudPaths.refresh}`]: ofOnePerson,
  [`post ${cloudPaths.logout}`]: ofOnePerson,
  [`put ${cloudPaths.password}`]: ofOnePerson,
  [`delete ${cloudPaths.sessions}`]: ofOnePerson,
  [`post ${cloudPaths.courierFiles}`]: ofOneFile,
  [`put ${cloudPaths.courierPiece}`]: ofOneFile,
  [`delete ${cloudPaths.courierFile}`]: ofOneFile,
  [`put ${cloudPaths.objectUpload}`]: ofOneFile,
  [`post ${cloudPaths.edgeCommands}`]: 'one command of one edge, which has twenty at most',
  [`delete ${cloudPaths.edgeCommand}`]: 'one command of one edge, which has twenty at most',
  [`post ${cloudPaths.pii}`]: 'one text',
  [`post ${cloudPaths.piiReveal}`]: 'one text',
  [`delete ${cloudPaths.piiOriginal}`]: 'one text',
  [`post ${cloudPaths.deadEventRetry}`]: 'one event',
  [`post ${cloudPaths.jobs}`]: byJob,
  [`post ${cloudPaths.archiveRestore}`]: byJob,
  [`post ${cloudPaths.tenantMove}`]: byJob,
  [`post ${cloudPaths.tenantMoveCancel}`]: byJob,
  [`post ${cloudPaths.tenantDropOld}`]: byJob,
}
