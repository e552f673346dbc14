import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import { ruleHash } from './rule-hash.ts'
import type { RuleSource } from './rule-source.ts'

/** A rule with what its rows are made of: JSON values, which this package has no more to say about. */
export interface WholeRule extends RuleSource {
  /** Where each field's value comes from, in the order of the row. */
  readonly inputs: readonly object[]
  /** When a row is made, and of which subjects. */
  readonly trigger: object
}

/** What is hashed, and in which form. To be raised with every change of either: judgments of before keep the names that they have. */
const identityForm = 'rule/1'

/**
 * SHA-256 (64 hex digits) over everything that decides which verdicts a rule gives in a plant: script, parameters and engine, as in
 * `ruleHash`, and its inputs and trigger. A window of another length is another rule, though its script is the same.
 */
export function ruleIdentity(rule: WholeRule): string {
  const whole = [identityForm, ruleHash(rule), rule.inputs, rule.trigger]
  return bytesToHex(sha256(utf8ToBytes(JSON.stringify(whole, byName))))
}

/** Members by name: a store may have put those of an object in an order of its own. */
function byName(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1)))
}
