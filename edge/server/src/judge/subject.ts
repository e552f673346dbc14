import type { RuleInput } from '@jidoka/domain'
import type { Tag } from './plant.ts'
import type { Slot } from './rule-instance.ts'

/** Where the rules of a group judge: a tag or a line. */
export interface Subject {
  readonly key: string
  readonly line: string
  readonly equipment: string | null
  /** Of the group. */
  readonly inputs: readonly RuleInput[]
  /** The trigger's tag; undefined for a line, or as long as the tag is not known. */
  tag: Tag | undefined
  /** One for each rule of the group, in their order. */
  readonly slots: readonly Slot[]
  /** From when to when the inputs of what stands are fresh. Until 0: not known, to be looked at by the next sweep. */
  freshFromMs: number
  freshUntilMs: number
}
