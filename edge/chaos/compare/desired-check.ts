import type { RuleDefinition } from '@jidoka/domain'
import Sqlite from 'better-sqlite3'
import { journalFile } from '../../server/src/store/database.ts'
import { desiredRules } from '../subject/desired.ts'
import type { Desired } from '../subject/desired.ts'

/** Sentences about what is in force that one look brings at most. */
const faultsMax = 10

interface StoredRule {
  readonly id: string
  readonly version: number
  readonly body: string
  readonly state: string | null
  readonly definition: string | null
  readonly report: string | null
}

/**
 * Holds the rules of a store against what was desired of it, change by change, the last one last. The position says which change has
 * come as a whole: then its rules are there and no other. Behind it lie slices of later ones, and each rule of them is there as a
 * whole: stored, in force and reported in one commit.
 */
export function desiredFaults(dataFolder: string, changes: readonly Desired[]): string[] {
  const database = new Sqlite(journalFile(dataFolder), { readonly: true })
  try {
    const position = database
      .prepare<[], { value: string }>("select value from meta where name = 'desired_position'")
      .get()
    const turn = position === undefined ? null : Number((JSON.parse(position.value) as { offset: string }).offset)
    const reached = changes.findIndex((change) => change.turn === turn)
    if (turn !== null && reached < 0)
      return [`the change ${turn} is noted as in force, and nobody has asked for it since the last look`]
    const possible = changes.slice(Math.max(0, reached))
    const stored = database
      .prepare<[], StoredRule>(
        `select i.key as id, i.version, i.body, r.state, r.definition, p.body as report from desired_items i
         left join rules r on r.rule_id = i.key left join reported_items p on p.kind = i.kind and p.key = i.key
         where i.kind = 'rule'`,
      )
      .all()
    const faults = [...bodyFaults(stored, possible, reached), ...stored.flatMap((rule) => [...halfFaults(rule)])]
    const undesired = database
      .prepare<[], { id: string }>(
        "select rule_id as id from rules where rule_id not in (select key from desired_items where kind = 'rule')",
      )
      .all()
    for (const { id } of undesired) faults.push(`the rule ${id} is in force, and is not stored as desired`)
    return faults.length <= faultsMax
      ? faults
      : [...faults.slice(0, faultsMax), `${faults.length} faults of this kind in all`]
  } finally {
    database.close()
  }
}

/** @param possible the change that the store has as a whole and those behind it; all, where it has none (`reached` below 0) */
function* bodyFaults(stored: readonly StoredRule[], possible: readonly Desired[], reached: number): Iterable<string> {
  const named = possible.map((change) => new Map(desiredRules(change).map((rule) => [rule.id, rule])))
  for (const { id, version, body } of stored) {
    const isOne = named.some((rules) => isSame(rules.get(id), body))
    if (!isOne)
      yield `the rule ${id} of version ${version} is stored, and ${changeOf(possible)} is noted as in force, behind which no change has it`
  }
  // Of a change under way what goes has gone first; what all of them have stays.
  if (reached < 0) return
  const there = new Set(stored.map(({ id }) => id))
  for (const id of named[0]?.keys() ?? [])
    if (named.every((rules) => rules.has(id)) && !there.has(id))
      yield `the rule ${id} is not stored, and ${changeOf(possible)} that has it is noted as in force`
}

const changeOf = (possible: readonly Desired[]): string => `the change ${possible[0]?.turn}`

function* halfFaults({ id, version, body, state, definition, report }: StoredRule): Iterable<string> {
  if (state !== 'in_force' || definition !== body)
    yield `the rule ${id} of version ${version} is stored, and ${state === null ? 'none of its name is in force' : `what is there of its name is ${state}`}`
  const reported = report === null ? null : (JSON.parse(report) as { version: number; state: string })
  if (reported?.version !== version || reported.state !== 'applied')
    yield `the rule ${id} of version ${version} is stored, and its last report is ${report ?? 'missing'}`
}

const isSame = (rule: RuleDefinition | undefined, body: string): boolean =>
  rule !== undefined && JSON.stringify(rule) === body
