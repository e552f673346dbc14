import { lanes, rangeOf } from '@jidoka/sync-protocol'
import type { Lane } from '@jidoka/sync-protocol'
import type { EdgeNode } from './edge-node.ts'
import type { Life } from './life.ts'
import { checkLane, laneName } from './model.ts'
import type { LaneRules, LaneTruth } from './model.ts'
import type { World } from './world.ts'

/** What of SPEC.md does not hold now. Empty at rest. */
export function checkWorld(world: World): string[] {
  const problems = [...world.violations, ...world.edges.flatMap((edge) => edge.violations)]
  const epochs = new Map<string, { readonly edge: EdgeNode; readonly life: Life }[]>()
  for (const edge of world.edges)
    for (const life of edge.lives) epochs.set(life.epoch, [...(epochs.get(life.epoch) ?? []), { edge, life }])
  for (const lived of epochs.values()) {
    for (const lane of lanes) {
      const checks = lived.map(({ edge, life }) => {
        const others = lived.flatMap((each) => (each.life === life ? [] : [each.life.truth[lane]]))
        return checkLife(world, edge, life, lane, others)
      })
      // S16: of copies of one epoch the cloud holds, in each lane, the history of one, and no mixture but where nobody could tell.
      const [nearest] = checks.map(({ mixed }) => mixed).toSorted((left, right) => left.length - right.length)
      problems.push(...(nearest ?? []))
      for (const { missing } of checks) problems.push(...missing)
    }
  }
  for (const edge of world.edges) if (!edge.isEnded) problems.push(...checkRest(world, edge))
  return [...problems, ...falseAlarms(world)]
}

/** S16: nobody is told of two histories where there is one, and nothing that the cloud has lost could be taken for another. */
function falseAlarms({ cloud, copied }: World): string[] {
  return [...cloud.edges].flatMap(([edgeId, { everTroubled }]) =>
    [...everTroubled]
      .filter((epoch) => !copied.has(edgeId) && lanes.every((lane) => cloud.lane(edgeId, epoch, lane).lostToSeq === 0))
      .map((epoch) => `${edgeId} is said to have two histories of ${epoch.slice(-4)}, and has one`),
  )
}

/** `mixed`: what speaks against this being the life whose rows the cloud holds. `missing`: what the cloud owes to one that goes on. */
function checkLife(
  world: World,
  edge: EdgeNode,
  life: Life,
  lane: Lane,
  others: readonly LaneTruth[],
): { mixed: string[]; missing: string[] } {
  const { cloud } = world
  const { edgeId, name } = edge.parts
  const truth = life.truth[lane]
  const stored = cloud.lane(edgeId, life.epoch, lane)
  // SPEC.md, "Not guaranteed": of rows that left and are gone, of what a set-back cloud has lost, and with 1.1, an appliance cannot tell whose they are.
  const mayBeAnothers = (seq: number) => seq <= stored.lostToSeq || truth.isUnsure(seq) || world.isMixed(edge.parts)
  const check = (rules: Pick<LaneRules, 'toSeq' | 'complete' | 'ignoresBeyond'>) =>
    checkLane(laneName(name, life.epoch, lane), truth, stored, {
      ...rules,
      others: {
        wrote: (seq, text) => mayBeAnothers(seq) && others.some((other) => other.text(seq) === text),
        lost: (seq, reason) => mayBeAnothers(seq) && others.some((other) => other.lost.get(seq) === reason),
      },
      fromSeq: life.startSeqs[lane],
      mayBePruned: (seq) =>
        cloud.lostTransactions > 0 ||
        (life.before !== null &&
          cloud
            .lane(edgeId, life.before.epoch, lane)
            .rows.some((row) => row.seq === seq && row.text === truth.text(seq))),
      // What a set-back cloud has lost of an epoch that is over does not come again (SPEC.md, "Not guaranteed").
      mayBeMissing: life !== edge.life && cloud.lostTransactions > 0,
    })
  const mixed = check({ toSeq: truth.lastSeq, complete: false, ignoresBeyond: false })
  if (edge.isEnded) return { mixed, missing: [] }
  if (life === edge.life)
    return { mixed, missing: check({ toSeq: truth.lastSeq, complete: true, ignoresBeyond: false }) }
  // Behind the number where the next epoch begins a copy may have gone on.
  const next = edge.lives.find(({ before }) => before === life)
  const toSeq = next === undefined ? 0 : next.startSeqs[lane] - 1
  return { mixed, missing: check({ toSeq, complete: true, ignoresBeyond: true }) }
}

function checkRest(world: World, edge: EdgeNode): string[] {
  const { life, state } = edge
  const { edgeId, name } = edge.parts
  return lanes.flatMap((lane) => {
    const uplink = state?.lanes[lane]
    if (uplink === undefined) return [`${name} is down at the end`]
    if (uplink.state !== 'idle')
      return [`${name} ${lane} is ${uplink.state} at the end: ${JSON.stringify(uplink.problem)}`]
    const { point, ranges } = life.journal[lane]
    if (point.seq !== life.truth[lane].lastSeq) return [`${name} ${lane} has no receipt for its last rows`]
    // S18: both ends keep the same sums.
    const { ranges: stored, point: held, rows, drops } = world.cloud.lane(edgeId, life.epoch, lane)
    if (held.count !== rows.length)
      return [`${name} ${lane}: the cloud holds ${rows.length} rows and says ${held.count}`]
    return [...new Set([...ranges.keys(), ...stored.keys()])].flatMap((range) => {
      const [ours, theirs] = [ranges.get(range), stored.get(range)]
      // Of rows that were gone before their receipt came, the edge cannot know the sum.
      if (ours === null || (ours?.count === theirs?.count && ours?.sum === theirs?.sum)) return []
      // An image may keep the sum of rows that it has pruned and the cloud has lost: the audit names the range, and it is listed there.
      const isListed = drops.some(
        ({ reason, fromSeq, toSeq }) => reason === 'pruned' && rangeOf(fromSeq) <= range && range <= rangeOf(toSeq),
      )
      if (world.copied.has(edgeId) && isListed) return []
      return [
        `${name} ${lane}: range ${range} is ${JSON.stringify(ours)} here and ${JSON.stringify(theirs)} in the cloud`,
      ]
    })
  })
}
