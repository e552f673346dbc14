import { isSecretName, redacted, redactSecrets } from '../secrets/secret-text.ts'
import type { PiiKind } from './finding.ts'
import { piiKinds } from './finding.ts'
import { mask } from './mask.ts'

export const maskLimits = {
  /** Deeper than any message of ours; a deeper value is not looked through, so it is left out. */
  depthMax: 12,
  /** Members and elements in all. */
  nodesMax: 20_000,
  /** Letters of all texts together: half a second where every word is a name. */
  lettersMax: 192 * 1_024,
} as const

/** Stands where a value was that is too deep or too much to look through. */
export const leftOut = '[left out]'

/** Names of members that hold a person. */
const personField =
  /^(?:성명|이름|성함|작업자|담당자|검사자|작성자|승인자|신고자|확인자|보고자|(?:worker|operator|person|employee|inspector|author|reporter|contact|full|user|owner|manager|assignee|display)_?(?:name)?|worker|operator|reporter|acknowledged_by|approved_by|changed_by|issued_by)$/i

export interface MaskedDeep {
  readonly value: unknown
  readonly counts: Readonly<Partial<Record<PiiKind, number>>>
  /** Something was too deep or too much, and is not in the value. */
  readonly isCut: boolean
}

export interface MaskDeepOptions {
  readonly today?: Date
  /** Passwords, tokens and keys go too: by the name of their member, and by their form within texts. */
  readonly secretsToo?: boolean
}

/**
 * Masks every text in a value as JSON has them, names of members included. Gives a copy; what is no JSON (functions, classes) is left out.
 * Bounded in depth, in number and in length: what lies beyond is replaced and never passed on as it is.
 */
export function maskDeep(given: unknown, options: MaskDeepOptions = {}): MaskedDeep {
  const counts = new Map<PiiKind, number>()
  let nodes = 0
  let letters = 0
  let isCut = false
  const cut = (): string => {
    isCut = true
    return leftOut
  }
  const maskText = (text: string, isPersonField: boolean): string => {
    letters += text.length
    if (letters > maskLimits.lettersMax) return cut()
    const { text: masked, findings } = mask(options.secretsToo === true ? redactSecrets(text) : text, {
      ...options,
      isPersonField,
    })
    for (const { kind } of findings) counts.set(kind, (counts.get(kind) ?? 0) + 1)
    return masked
  }
  const walk = (value: unknown, depth: number, isPersonField: boolean): unknown => {
    if (++nodes > maskLimits.nodesMax || depth > maskLimits.depthMax) return cut()
    if (typeof value === 'string') return maskText(value, isPersonField)
    if (value === null || typeof value === 'number' || typeof value === 'boolean') return value
    if (Array.isArray(value)) {
      const kept: unknown[] = []
      for (const each of value) {
        kept.push(walk(each, depth + 1, isPersonField))
        if (nodes > maskLimits.nodesMax) break
      }
      return kept
    }
    if (typeof value !== 'object' || !isPlain(value)) return cut()
    const kept: [string, unknown][] = []
    for (const [name, member] of Object.entries(value)) {
      if (member === undefined) continue
      const isSecret = options.secretsToo === true && isSecretName(name) && holdsSomething(member)
      kept.push([maskText(name, false), isSecret ? redacted : walk(member, depth + 1, personField.test(name))])
      if (nodes > maskLimits.nodesMax) break
    }
    // Not by assignment: a member may be called `__proto__`.
    return Object.fromEntries(kept)
  }
  const value = walk(given, 0, false)
  return {
    value,
    counts: Object.fromEntries(piiKinds.flatMap((kind) => (counts.has(kind) ? [[kind, counts.get(kind)]] : []))),
    isCut,
  }
}

/** A number of tokens, or whether there is a password, is no secret. */
const holdsSomething = (value: unknown): boolean =>
  typeof value === 'string' || (typeof value === 'object' && value !== null)

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
