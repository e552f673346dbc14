import type { edgeRuleSchema, tryRuleAnswerSchema } from '@jidoka/contract'

/** A rule of this appliance and its state. */
export type EdgeRule = (typeof edgeRuleSchema)['_zod']['output']
/** What a rule said when it was tried out. */
export type TryAnswer = (typeof tryRuleAnswerSchema)['_zod']['output']
