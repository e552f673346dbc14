import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { describeError, OperationalError } from '@jidoka/base'
import type { RuleDefinition } from '@jidoka/domain'
import { desiredItemSchema, ruleDefinitionSchema } from '@jidoka/domain'
import { RuleEngine } from '@jidoka/rules'
import { loadRuleModule } from '@jidoka/rules/node'
import { z } from 'zod'
import { tryRule } from '../http/query/try-rule.ts'
import { UsageError } from './command.ts'
import type { Command } from './command.ts'

export const rulesTestCommand: Command = {
  name: 'rules test',
  summary: 'compile rules and run their examples',
  help: `jidoka rules test FILE...

  FILE   JSON: a rule definition, a list of them, or a list of desired items

Needs no running appliance. Exit code 3 when a rule does not compile or fails an example.`,
  run(args, context) {
    const { positionals } = parseArgs({ args: [...args], allowPositionals: true, options: {} })
    if (positionals.length === 0) throw new UsageError('Name a file with rules.')
    const engine = RuleEngine.create(loadRuleModule())
    let failed = 0
    for (const rule of positionals.flatMap(readRules)) {
      const outcome = tryRule(engine, rule, undefined)
      const problems =
        'refused' in outcome
          ? [outcome.refused.problem]
          : outcome.answer.examples.flatMap((example, index) =>
              example.passed
                ? []
                : [
                    `example ${index + 1}: expected ${example.expected}, got ${example.got || (example.problem ?? 'nothing')}`,
                  ],
            )
      context.out(
        `${problems.length === 0 ? 'ok  ' : 'FAIL'} ${rule.id} version ${rule.version} (${rule.examples.length} examples)`,
      )
      for (const problem of problems) context.out(`     ${problem}`)
      if (problems.length > 0) failed++
    }
    return Promise.resolve(failed === 0 ? 0 : 3)
  },
}

function readRules(file: string): RuleDefinition[] {
  let json: unknown
  try {
    json = JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new OperationalError(`${file} cannot be read as JSON: ${describeError(cause)}`, { cause })
  }
  const items = Array.isArray(json) ? json : [json]
  const desired = z.array(desiredItemSchema).safeParse(items)
  if (desired.success) return desired.data.flatMap((item) => (item.kind === 'rule' ? [item.body] : []))
  const rules = z.array(ruleDefinitionSchema).safeParse(items)
  if (rules.success) return rules.data
  throw new OperationalError(`${file} holds no rules:\n${z.prettifyError(rules.error)}`)
}
