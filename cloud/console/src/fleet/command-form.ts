import type { RuleDefinition } from '@jidoka/domain'
import type { NewCommand } from './fleet-api.ts'

export const commandNames = ['support_bundle', 'resend', 'rehearsal'] as const
export type CommandName = (typeof commandNames)[number]

/** As the cloud has them: it refuses more. */
const resentRowsMax = 1_048_576
const rehearsedMsMax = 24 * 3_600_000

/** A command as it is typed. */
export interface CommandForm {
  readonly name: CommandName
  readonly fromSeq: string
  readonly toSeq: string
  readonly ruleId: string
  /** Instants. */
  readonly from: string
  readonly to: string
  readonly validMin: number
}

export type CommandProblem = 'number' | 'order' | 'too_many' | 'rule' | 'instant' | 'times' | 'too_long'
export type CommandProblems = Partial<Record<'fromSeq' | 'toSeq' | 'ruleId' | 'from' | 'to', CommandProblem>>

const number = (text: string): number | null => {
  const digits = text.replaceAll(/[\s,]/g, '')
  const value = /^\d{1,15}$/.test(digits) ? Number(digits) : 0
  return value >= 1 ? value : null
}

/** What is to be sent for a form, or what is wrong with it, field by field. */
export function commandOf(
  form: CommandForm,
  id: string,
  rules: readonly RuleDefinition[],
): { command: NewCommand } | { problems: CommandProblems } {
  const give = (what: NewCommand['what']) => ({ command: { id, what, valid_min: form.validMin } })
  if (form.name === 'support_bundle') return give({ name: 'support_bundle' })
  if (form.name === 'resend') {
    const [from, to] = [number(form.fromSeq), number(form.toSeq)]
    if (from === null || to === null)
      return {
        problems: {
          ...(from === null ? { fromSeq: 'number' as const } : {}),
          ...(to === null ? { toSeq: 'number' as const } : {}),
        },
      }
    if (to < from) return { problems: { toSeq: 'order' } }
    if (to - from + 1 > resentRowsMax) return { problems: { toSeq: 'too_many' } }
    return give({ name: 'resend', lane: 'readings', from_seq: from, to_seq: to })
  }
  const rule = rules.find((each) => each.id === form.ruleId)
  const [fromMs, toMs] = [Date.parse(form.from), Date.parse(form.to)]
  const problems: CommandProblems = {
    ...(rule === undefined ? { ruleId: 'rule' } : {}),
    ...(Number.isNaN(fromMs) ? { from: 'instant' } : {}),
    ...(Number.isNaN(toMs) ? { to: 'instant' } : {}),
    ...(toMs <= fromMs ? { to: 'times' } : {}),
    ...(toMs - fromMs > rehearsedMsMax ? { to: 'too_long' } : {}),
  }
  if (rule === undefined || Object.keys(problems).length > 0) return { problems }
  return give({ name: 'rehearsal', rule, from_ms: fromMs, to_ms: toMs })
}

/** A random UUID. `crypto.randomUUID` is there on https only, and a console in a plant's own net may have none. */
export function newId(
  fill: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array = (bytes) => crypto.getRandomValues(bytes),
): string {
  const bytes = fill(new Uint8Array(16))
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
