import { execFile } from 'node:child_process'
import { cpSync, renameSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { edgePaths, syncStatusSchema } from '@jidoka/contract'
import { readCliAccess } from '../../server/src/cli/access.ts'
import { ApplianceClient } from '../../server/src/cli/appliance-client.ts'
import type { Draws } from '../random.ts'
import { pause } from '../until.ts'
import { viewCloud, viewEpochs } from './cloud-view.ts'
import { compareTwoHistories } from './compare.ts'
import { viewEdge } from './edge-view.ts'
import type { EdgeView } from './edge-view.ts'
import { endAtRest } from './end-at-rest.ts'
import type { World } from './world.ts'

/** How one epoch comes to have two histories. */
export const waysToTwoHistories = ['image restored', 'appliance cloned'] as const
export type WayToTwoHistories = (typeof waysToTwoHistories)[number]

const cli = fileURLToPath(new URL('../../server/src/cli/main.ts', import.meta.url))
/** A command of the product asks the running appliance and answers at once; a start of Node takes a second under load. */
const commandMsMax = 30_000

/**
 * At rest, both ends ended: an image of the appliance's data folder is taken, rows come that only the appliance has, and then the image is put back, or runs beside it. Both
 * histories write the same numbers. The cloud must note it, each appliance must hear of it, and once a person has begun new epochs nothing of either may be missing.
 */
export async function twoHistories(
  world: World,
  way: WayToTwoHistories,
  draws: Draws,
): Promise<ReturnType<typeof compareTwoHistories>> {
  const original = world.edgeFolder
  const image = `${original}-image`
  cpSync(original, image, { recursive: true })
  const { epoch: formerEpoch } = viewEdge(image)
  const { readings: receipted } = await world.store.look((query) => viewCloud(query, world.edgeId, formerEpoch))
  await Promise.all([world.startCloud(), world.startEdge()])
  await pause(draws.between(200, 500))
  const views = way === 'image restored' ? await restore(world, image) : await clone(world, image, draws)
  await world.stopCloud()
  const judgmentIds = new Set(views.flatMap(({ records }) => records.flatMap(judgmentIdOf)))
  const { epoch } = views.at(-1) ?? viewEdge(original)
  const [cloud, readings] = await world.store.look(
    async (query) => [await viewCloud(query, world.edgeId, epoch), await viewEpochs(query, world.edgeId)] as const,
  )
  return compareTwoHistories(world.crowd.ledgers, judgmentIds, {
    cloud,
    readings,
    former: { epoch: formerEpoch, receipted },
  })
}

/** @returns the journal that was put away, and the one that goes on */
async function restore(world: World, image: string): Promise<readonly EdgeView[]> {
  const before = await endAtRest(world)
  const { edgeFolder } = world
  renameSync(edgeFolder, `${edgeFolder}-before`)
  renameSync(image, edgeFolder)
  return [before, await settle(world)]
}

/** @returns the journals of both */
async function clone(world: World, image: string, draws: Draws): Promise<readonly EdgeView[]> {
  const { edgeFolder } = world
  await world.quieten()
  await world.publishTo(await world.startCopy(image))
  await pause(draws.between(200, 500))
  await world.quieten()
  await world.until('the cloud to note that there are two of it', async () => (await world.openTroubles()) > 0)
  await Promise.all([world.killEdge(), world.killCopy()])
  // Whoever looks after it lets one go on after the other; each is on the line alone.
  const views: EdgeView[] = []
  for (const folder of draws.chance(0.5) ? [edgeFolder, image] : [image, edgeFolder]) {
    world.edgeFolder = folder
    views.push(await settle(world))
  }
  return views
}

/** What a person does with an appliance that stands still over two histories. The second of two finds its epoch superseded by that of the first. */
async function settle(world: World): Promise<EdgeView> {
  await world.startEdge()
  await world.until('the appliance to hear that there are two of it', async () => {
    const { troubles, lanes } = await new ApplianceClient(readCliAccess(world.edgeFolder)).get(
      edgePaths.syncStatus,
      syncStatusSchema,
    )
    return troubles.length > 0 || lanes.every(({ problem }) => problem !== null)
  })
  await run(['epoch', 'new', '--yes', '--data', world.edgeFolder])
  return endAtRest(world)
}

/** @throws when the command does not end well, with what it said */
function run(command: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [cli, ...command], { timeout: commandMsMax }, (error, stdout, stderr) => {
      if (error === null) resolve()
      else reject(new Error(`jidoka ${command.join(' ')} ended with ${error.code}: ${stdout}${stderr}`))
    })
  })
}

const judgmentIdOf = (record: EdgeView['records'][number]): string[] =>
  record.kind === 'judgment' ? [record.body.id] : []
