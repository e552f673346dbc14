/** `npm run chaos -- kill|power-cut|disk-full|clock|flood|sync [--runs N] [--seed S] [--keep]` (sync: also --rounds): proof by breaking things; see docs/durability.md. */
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { Folders } from './folders.ts'
import { modeNames, modes } from './modes/index.ts'
import { table } from './report.ts'
import { breaks } from './subject/options.ts'

const usage = `npm run chaos -- ${modeNames.join('|')} [--runs N] [--seed S] [--broken ${breaks.join('|')}] [--keep]`

const argumentsSchema = z.strictObject({
  mode: z.enum(modeNames, `the first word must be one of ${modeNames.join(', ')}`),
  runs: z.coerce.number().int().min(1).max(100_000).optional(),
  seed: z.coerce
    .number()
    .int()
    .min(0)
    .max(2 ** 31)
    .optional(),
  broken: z.enum(breaks).optional(),
  keep: z.boolean().optional(),
})

process.exitCode = await run()

async function run(): Promise<number> {
  const asked = readArguments()
  if (asked === null) return 2
  const { mode, runs = modes[mode].runsUsual, seed = randomInt(2 ** 31), broken = null, keep = false } = asked
  const folders = new Folders()
  const startedMs = performance.now()
  process.stdout.write(`${mode}: ${runs} runs, seed ${seed}, folders below ${folders.root}\n`)
  const { row, failures } = await modes[mode].run({
    runs,
    seed,
    folders,
    broken,
    say: (line) => process.stdout.write(`  ${((performance.now() - startedMs) / 1_000).toFixed(0)} s: ${line}\n`),
  })
  process.stdout.write(`\n${table([row])}\n`)
  if (failures.length === 0) {
    if (!keep) folders.removeAll()
    return 0
  }
  process.stdout.write(
    `\n${failures.join('\n\n')}\n\nThe folders are kept. The same again: npm run chaos -- ${mode} --runs ${runs} --seed ${seed}${broken === null ? '' : ` --broken ${broken}`}\n`,
  )
  return 1
}

function readArguments(): z.infer<typeof argumentsSchema> | null {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        runs: { type: 'string' },
        // What a run of `sync` is called.
        rounds: { type: 'string' },
        seed: { type: 'string' },
        broken: { type: 'string' },
        keep: { type: 'boolean' },
      },
    })
    const { rounds, ...named } = values
    const parsed = argumentsSchema.safeParse({
      mode: positionals[0],
      ...(rounds === undefined ? {} : { runs: rounds }),
      ...named,
    })
    if (parsed.success) return parsed.data
    process.stderr.write(
      `${parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n')}\n${usage}\n`,
    )
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`)
  }
  return null
}
