import { ruleSource, wholeRule } from '@jidoka/domain'
import type { RuleDefinition } from '@jidoka/domain'
import { ruleHash, ruleIdentity } from '@jidoka/rules'

/**
 * The hashes by which records name a rule. `whole` is what this program writes. `script` is what programs wrote that left out where
 * inputs come from and what triggers the rule; such records stay as they are, and the history of rules says which definition they mean.
 */
export interface RuleNames {
  readonly whole: string
  readonly script: string
}

/** A replay asks for each judgment, and a definition never changes. */
const known = new WeakMap<RuleDefinition, RuleNames>()

export function ruleNames(definition: RuleDefinition): RuleNames {
  const before = known.get(definition)
  if (before !== undefined) return before
  const names = { whole: ruleIdentity(wholeRule(definition)), script: ruleHash(ruleSource(definition)) }
  known.set(definition, names)
  return names
}

/** By which of its names a hash means a definition; null: it means another one, or the rules' engine was another. */
export function namedBy(definition: RuleDefinition, hash: string): keyof RuleNames | null {
  const { whole, script } = ruleNames(definition)
  return hash === whole ? 'whole' : hash === script ? 'script' : null
}
