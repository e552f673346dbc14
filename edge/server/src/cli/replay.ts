import { parseArgs } from 'node:util'
import { RuleEngine } from '@jidoka/rules'
import { loadRuleModule } from '@jidoka/rules/node'
import { RuleRunner } from '../judge/rule-runner.ts'
import type { Findings } from '../replay/findings.ts'
import { replay } from '../replay/replay.ts'
import { openForReading } from '../store/database.ts'
import { dataFolderOf, UsageError } from './command.ts'
import type { Command, CommandContext, ExitCode } from './command.ts'

export const replayCommand: Command = {
  name: 'replay',
  summary: 'make the verdicts of a stretch again and compare',
  help: `jidoka replay --from TIME --to TIME [--rule ID] [--data FOLDER]

  --from, --to    instants, ISO 8601 ("2026-11-21T00:00:00Z"), when readings came in; to is not included
  --rule ID       this rule alone (default: all)
  --data FOLDER   data folder of the appliance (default: JIDOKA_DATA or data/edge)

Makes each judgment of the stretch again from its snapshot and its rule, then judges the readings and events of the
stretch anew and compares every verdict. Reads the data folder itself, whether or not the appliance runs.
Exit code 0: all the same. 3: something is different. 1: it could not all be compared, and what could be is the same.`,
  run(args, context) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        from: { type: 'string' },
        to: { type: 'string' },
        rule: { type: 'string' },
        data: { type: 'string' },
      },
    })
    const [fromMs, toMs] = [instantOf('--from', values.from), instantOf('--to', values.to)]
    if (fromMs >= toMs) throw new UsageError('--from must be before --to.')
    const dataFolder = dataFolderOf(values.data, context)
    if (values.rule !== undefined && !knowsRule(dataFolder, values.rule))
      throw new UsageError(`There is no rule "${values.rule}" in this journal.`)
    const module = loadRuleModule()
    const findings = replay({
      dataFolder,
      fromMs,
      toMs,
      ruleId: values.rule,
      newRunner: () => new RuleRunner(RuleEngine.create(module)),
    })
    return Promise.resolve(report(findings, context))
  },
}

/** Also one that was removed, as long as a verdict or an entry of its history is kept. */
function knowsRule(dataFolder: string, ruleId: string): boolean {
  const database = openForReading(dataFolder)
  try {
    const sources = ['rules', 'rule_history', 'judgments', 'standing']
    return sources.some(
      (table) => database.prepare(`select 1 from ${table} where rule_id = ? limit 1`).get(ruleId) !== undefined,
    )
  } finally {
    database.close()
  }
}

function instantOf(option: string, text: string | undefined): number {
  const ms = text === undefined ? Number.NaN : Date.parse(text)
  if (Number.isNaN(ms)) throw new UsageError(`${option} is an instant like 2026-11-21T00:00:00Z.`)
  return ms
}

function report(findings: Findings, { out }: CommandContext): ExitCode {
  out(`From their snapshots: ${findings.remade} judgments came out the same.`)
  if (findings.namedByScript > 0)
    out(
      `  ${findings.namedByScript} are of an older program and name their rule by its script and parameters alone: which inputs it had is in the history of rules.`,
    )
  for (const [reason, count] of findings.notRemade) out(`  ${count} were not made again: ${reason}.`)
  out(
    `From the journal: ${findings.readings} readings and ${findings.events} events judged anew; ` +
      `${findings.judgmentsSame} judgments and ${findings.verdictsCounted} counted verdicts (${findings.runsSame} runs ended) came out the same.`,
  )
  if (findings.onTheClock > 0)
    out(
      `  ${findings.onTheClock} verdicts are of rules on the clock; their judgments were made again from their snapshots.`,
    )
  for (const [reason, count] of findings.notCompared) out(`  ${count} could not be compared: ${reason}.`)
  for (const gap of findings.gaps) out(`  ${gap}`)
  for (const difference of findings.differences) out(`DIFFERENT  ${difference}`)
  if (findings.differenceCount > findings.differences.length)
    out(`DIFFERENT  and ${findings.differenceCount - findings.differences.length} more.`)
  if (findings.differenceCount > 0) return 3
  const isWhole = findings.gaps.length === 0 && findings.notCompared.size === 0 && findings.notRemade.size === 0
  return isWhole ? 0 : 1
}
