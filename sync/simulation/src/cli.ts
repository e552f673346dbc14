import { readArguments, usage } from './cli-arguments.ts'
import type { SimulateArguments } from './cli-arguments.ts'
import { runWorld } from './world.ts'

/** Lines of the story that are shown of a world that failed; the whole of it comes with --trace. */
const storyLinesMax = 80

process.exitCode = main()

function main(): number {
  let args: SimulateArguments
  try {
    args = readArguments(process.argv.slice(2), Math.floor(Math.random() * 2 ** 30))
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
    return 2
  }
  const { worlds, seed: firstSeed, bug, trace } = args
  const totals = { rows: 0, messages: 0, crashes: 0, dropped: 0, simulatedMs: 0 }
  const startMs = performance.now()
  for (let seed = firstSeed; seed < firstSeed + worlds; seed++) {
    const report = runWorld(seed, { bug, trace: trace ? console.log : null })
    if (report.violations.length > 0) {
      tellFailure(seed, args)
      return 1
    }
    for (const name of ['rows', 'messages', 'crashes', 'dropped', 'simulatedMs'] as const) totals[name] += report[name]
  }
  const elapsedMs = performance.now() - startMs
  console.log(
    `${worlds} worlds from seed ${firstSeed}: every row exactly once, in order, or listed as dropped.\n` +
      `${((worlds / elapsedMs) * 1_000).toFixed(1)} worlds/s, ${Math.round(totals.simulatedMs / elapsedMs)} x real time; ` +
      `${totals.rows} rows, ${totals.messages} requests, ${totals.crashes} crashes, ${totals.dropped} rows dropped with a reason.`,
  )
  return 0
}

function tellFailure(seed: number, { bug, trace }: SimulateArguments): void {
  const story: string[] = []
  const { violations } = runWorld(seed, { bug, trace: (line) => story.push(line) })
  if (!trace) {
    if (story.length > storyLinesMax) console.log(`... ${story.length - storyLinesMax} lines before, see --trace`)
    for (const line of story.slice(-storyLinesMax)) console.log(line)
  }
  console.log(`\nThe world with seed ${seed} went wrong:`)
  for (const violation of violations.slice(0, 20)) console.log(`  ${violation}`)
  if (violations.length > 20) console.log(`  and ${violations.length - 20} more`)
  console.log(
    `\nRepeat it with: npm run simulate -- --worlds 1 --seed ${seed}${bug === null ? '' : ` --bug ${bug}`} --trace`,
  )
}
