/**
 * Prints nanoseconds a judgment and ratios: `node shared/rules/bench/rules.bench.ts`. Subjects and peers take turns, so
 * that a busy machine slows all of them alike; the median of the rounds counts.
 */
import { makeSubjects, type RuleSubjects } from './subjects.ts'

const rounds = Number(process.argv[2] ?? 7)
const millisecondsPerTurn = 120
const warmUpTurns = 6

async function nanosecondsPerJudgment(subject: () => number | Promise<number>): Promise<number> {
  const begin = performance.now()
  let judgments = 0
  let elapsed = 0
  while (elapsed < millisecondsPerTurn) {
    judgments += await subject()
    elapsed = performance.now() - begin
  }
  return (elapsed * 1e6) / judgments
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[values.length >> 1] ?? Number.NaN
}

const subjects = makeSubjects()
const names = Object.keys(subjects) as (keyof RuleSubjects)[]
const times = new Map<keyof RuleSubjects, number[]>(names.map((name) => [name, []]))
// V8 optimises WebAssembly in the background; on a busy machine that takes seconds, and unoptimised it is 4 x slower.
for (let turn = 0; turn < warmUpTurns; turn++) {
  for (const name of names) await nanosecondsPerJudgment(subjects[name])
}
for (let round = 0; round < rounds; round++) {
  for (const name of names) times.get(name)?.push(await nanosecondsPerJudgment(subjects[name]))
}
const medians = new Map(names.map((name) => [name, median(times.get(name) ?? [])]))
const of = (name: keyof RuleSubjects) => medians.get(name) ?? Number.NaN
process.stdout.write(
  `${'subject'.padEnd(24)} ${'ns'.padStart(9)} ${'x json-rules-engine'.padStart(20)} ${'x JSON.parse + closure'.padStart(23)}\n`,
)
for (const name of names) {
  // Each against the closure that decides the same.
  const isExplained = name.includes('Explained')
  const closurePeer = name.toLowerCase().includes('window')
    ? 'windowsParseAndClosure'
    : isExplained
      ? 'explainedParseAndClosure'
      : 'parseAndClosure'
  const enginePeer = isExplained ? 'jsonRulesEngineExplained' : 'jsonRulesEngine'
  const ratios = [of(enginePeer) / of(name), of(closurePeer) / of(name)]
  const [jre = '', parse = ''] = ratios.map((ratio) => ratio.toFixed(2))
  process.stdout.write(
    `${name.padEnd(24)} ${of(name).toFixed(1).padStart(9)} ${jre.padStart(20)} ${parse.padStart(23)}\n`,
  )
}
