import { execFileSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DesiredItem } from '@jidoka/domain'
import { CloudClient } from './cloud-client.ts'
import { plant } from './plant.ts'
import type { Places } from './plant.ts'
import type { SignIn } from './sign-in.ts'

/** Whether an earlier start has brought edge and cloud together. */
export function isSetUp(places: Places): boolean {
  return existsSync(progressFile(places))
}

/** The first half: a token for the site, with which the edge enrols as any edge does. */
export async function prepareEnrolment(
  cloudUrl: string,
  signIn: SignIn,
): Promise<{ cloud: CloudClient; token: string }> {
  const cloud = await CloudClient.signIn(cloudUrl, signIn)
  return { cloud, token: await cloud.enrolmentToken(plant.siteCode) }
}

/** The second half: waits until the edge is enrolled and deploys the plant's site, catalogue and rules to it. */
export async function deployPlant(cloud: CloudClient, places: Places): Promise<void> {
  const edgeId = await enrolledEdge(cloud)
  for (const item of plantItems(places)) await cloud.deploy(edgeId, item)
  writeFileSync(progressFile(places), `${JSON.stringify({ deployedTo: edgeId })}\n`)
}

/** What the simulator says its plant needs. */
function plantItems(places: Places): readonly DesiredItem[] {
  const argv = ['edge/simulator/src/main.ts', 'desired']
  return JSON.parse(execFileSync(process.execPath, argv, { cwd: places.root, encoding: 'utf8' })) as DesiredItem[]
}

/** An edge enrols within a second or two of its start; half a minute allows for a machine under load. */
const enrolmentWaitMs = 30_000

async function enrolledEdge(cloud: CloudClient): Promise<string> {
  const deadlineMs = performance.now() + enrolmentWaitMs
  for (;;) {
    const [edge] = await cloud.edges()
    if (edge) return edge.id
    if (performance.now() > deadlineMs) {
      throw new Error('The edge did not enrol in the cloud. Its log (logs/edge.log in the data folder) says why.')
    }
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
}

const progressFile = (places: Places) => join(places.data, 'set-up.json')
