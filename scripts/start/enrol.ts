import { execFileSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { OperationalError } from '@jidoka/base'
import type { DesiredItem } from '@jidoka/domain'
import { CloudClient, CloudRefusedError } from './cloud-client.ts'
import { plant } from './plant.ts'
import type { Places } from './plant.ts'
import type { SignIn } from './sign-in.ts'

/** An edge that is on its way to the cloud. */
export interface Enrolment {
  readonly cloud: CloudClient
  readonly token: string
  /** Edges that the cloud knew before: with a database of its own (DATABASE_URL) it may know those of earlier folders. */
  readonly knownEdges: ReadonlySet<string>
}

/** Whether an earlier start has brought edge and cloud together. */
export function isSetUp(places: Places): boolean {
  return existsSync(progressFile(places))
}

/** The first half: a token for the site, with which the edge enrols as any edge does. */
export async function prepareEnrolment(cloudUrl: string, signIn: SignIn): Promise<Enrolment> {
  const cloud = await signInTo(cloudUrl, signIn)
  const knownEdges = new Set((await cloud.edges()).map(({ id }) => id))
  return { cloud, token: await cloud.enrolmentToken(plant.siteCode), knownEdges }
}

/** The second half: waits until the edge is enrolled and deploys the plant's site, catalogue and rules to it. */
export async function deployPlant(enrolment: Enrolment, places: Places): Promise<void> {
  const edgeId = await enrolledEdge(enrolment)
  for (const item of plantItems(places)) await enrolment.cloud.deploy(edgeId, item)
  writeFileSync(progressFile(places), `${JSON.stringify({ deployedTo: edgeId })}\n`)
}

async function signInTo(cloudUrl: string, signIn: SignIn): Promise<CloudClient> {
  try {
    return await CloudClient.signIn(cloudUrl, signIn)
  } catch (error) {
    if (!(error instanceof CloudRefusedError) || error.problem.kind !== 'wrong_credentials') throw error
    throw new OperationalError(
      'The cloud has an administrator with another password: its database (DATABASE_URL) or data folder is older than sign-in.json. Start with the data folder that belongs to it, or with an empty database.',
      { cause: error },
    )
  }
}

/** What the simulator says its plant needs. */
function plantItems(places: Places): readonly DesiredItem[] {
  const argv = ['edge/simulator/src/main.ts', 'desired']
  return JSON.parse(execFileSync(process.execPath, argv, { cwd: places.root, encoding: 'utf8' })) as DesiredItem[]
}

/** An edge enrols within a second or two of its start; half a minute allows for a machine under load. */
const enrolmentWaitMs = 30_000

async function enrolledEdge({ cloud, knownEdges }: Enrolment): Promise<string> {
  const deadlineMs = performance.now() + enrolmentWaitMs
  for (;;) {
    const edges = await cloud.edges()
    // An earlier start may have been stopped between enrolment and deployment: then the one that there is, is ours.
    const edge = edges.find(({ id }) => !knownEdges.has(id)) ?? (edges.length === 1 ? edges[0] : undefined)
    if (edge) return edge.id
    if (performance.now() > deadlineMs) {
      throw new OperationalError(
        'The edge did not enrol in the cloud. Its log (logs/edge.log in the data folder) says why.',
      )
    }
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
}

const progressFile = (places: Places) => join(places.data, 'set-up.json')
