import { readArguments, usage } from './cli-arguments.ts'
import type { SimulateArguments } from './cli-arguments.ts'
import { addCoverage, metAgainstReason, missedCells, mustBeMet } from './coverage.ts'
import type { Coverage } from './coverage.ts'
import { plantedBugNames, plantedBugs } from './options.ts'
import { noTotals, playWorlds, threadsAtMost } from './runs.ts'
import { storyOf } from './story.ts'
import { runWorld } from './run-world.ts'

/** Lines of the story that are shown of a world that failed; the whole of it comes with --trace. */
const storyLinesMax = 80
/** From here on a cell that was not met is a failure. */
const wholeRunWorlds = 10_000

process.exitCode = await main()

async function main(): Promise<number> {
  let args: SimulateArguments
  try {
    args = readArguments(process.argv.slice(2), Math.floor(Math.random() * 2 ** 30))
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
    return 2
  }
  if (args.mutants) return findMutants(args)
  return args.trace || args.without.size > 0 ? tellStories(args) : playAll(args)
}

function tellStories({ worlds, seed: firstSeed, bug, without }: SimulateArguments): number {
  for (let seed = firstSeed; seed < firstSeed + worlds; seed++) {
    const { violations } = runWorld(seed, { bug, without, trace: console.log })
    for (const violation of violations) console.log(violation)
    if (violations.length > 0) return 1
  }
  return 0
}

async function playAll({ worlds, seed, bug }: SimulateArguments): Promise<number> {
  const totals = noTotals()
  const disturbances: Coverage = new Map()
  const coverage: Coverage = new Map()
  const startMs = performance.now()
  const cpuBefore = process.cpuUsage()
  const failed = await playWorlds({ fromSeed: seed, worlds, bug }, (answer) => {
    for (const name of Object.keys(totals) as (keyof typeof totals)[]) totals[name] += answer.totals[name]
    addCoverage(disturbances, answer.disturbances)
    addCoverage(coverage, answer.coverage)
  })
  const elapsedMs = performance.now() - startMs
  const { user, system } = process.cpuUsage(cpuBefore)
  if (failed !== null) {
    for (const line of storyOf(failed, { bug }, storyLinesMax)) console.log(line)
    return 1
  }
  const cells = [...coverage].filter(([cell]) => mustBeMet(cell))
  const missed = missedCells(coverage)
  const wrong = metAgainstReason(coverage)
  console.log(
    `${worlds} worlds from seed ${seed}: every row exactly once, in order, or listed as dropped; the invariants of SPEC.md hold.\n` +
      `${((worlds / elapsedMs) * 1_000).toFixed(1)} worlds/s (${Math.round(elapsedMs / 1_000)} s, ${Math.round((user + system) / 1e6)} s of CPU on ${threadsAtMost} threads), ${Math.round(totals.simulatedMs / elapsedMs)} x real time; ` +
      `${totals.rows} rows, ${totals.messages} requests, ${totals.crashes} crashes, ${totals.dropped} rows dropped with a reason, ` +
      `${totals.lostTransactions} transactions lost by the cloud, ${totals.epochs} epochs.\n` +
      `Disturbances: ${[...disturbances].map(([kind, times]) => `${kind} ${times}`).join(', ')}.\n` +
      `Cells of the engine's tables: ${cells.length - missed.length} of ${cells.length} that can be met were met` +
      `${missed.length === 0 ? '' : `, not ${missed.join('; ')}`}; rarest ${cells
        .toSorted(([, left], [, right]) => left - right)
        .slice(0, 5)
        .map(([cell, times]) => `${cell} (${times})`)
        .join(', ')}.`,
  )
  if (wrong.length > 0) console.log(`Said to be out of reach, and met: ${wrong.join('; ')}. Mend coverage.ts.`)
  const isWhole = worlds >= wholeRunWorlds
  if (isWhole && missed.length > 0)
    console.log('A run of this size has to meet every cell: the worlds have become too tame.')
  return wrong.length > 0 || (isWhole && missed.length > 0) ? 1 : 0
}

async function findMutants({ worlds, seed }: SimulateArguments): Promise<number> {
  let left = 0
  console.log('| bug | what it does | worlds until found | seed |\n|---|---|---|---|')
  for (const bug of plantedBugNames) {
    const failed = await playWorlds({ fromSeed: seed, worlds, bug }, () => {})
    if (failed === null) left++
    console.log(
      `| ${bug} | ${plantedBugs[bug]} | ${failed === null ? 'not found' : failed - seed + 1} | ${failed ?? ''} |`,
    )
  }
  if (left > 0) console.log(`\n${left} of ${plantedBugNames.length} planted bugs were not found in ${worlds} worlds.`)
  return left === 0 ? 0 : 1
}
