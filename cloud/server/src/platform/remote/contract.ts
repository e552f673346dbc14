import type { z } from 'zod'
import { remoteLimits } from './limits.ts'
import type { ModuleName, ReachableModule } from './module-names.ts'

/**
 * What modules may ask of another wherever it runs: a table of methods, each with the schemas of its arguments and its answer. The routes of the module and
 * the client of it are both made from the table, so neither can forget a method or a member that the other has.
 */
export interface Contract<Methods extends MethodTable = MethodTable> {
  readonly module: ReachableModule
  readonly methods: Methods
}

export interface Method<Args extends z.ZodType = z.ZodType, Answer extends z.ZodType = z.ZodType> {
  /** Bounded (I10). What it gives must be taken by it again as it is: it is sent as JSON. */
  readonly args: Args
  readonly answer: Answer
  /** Twice is as once, so a call whose answer was lost is made again. */
  readonly repeatable: boolean
  readonly msMax: number
  /** The modules that may call it from other processes: those that do, and no other. */
  readonly callers: readonly ModuleName[]
}
export type MethodTable = Readonly<Record<string, Method>>

/** On whose behalf a method is called. Of a call over HTTP it stands in the signed token, never in the body (I6). */
export interface CallFor {
  readonly tenantId: string
  /** The login of the person who caused it, or `system`. */
  readonly by: string
  /** Written into the logs of both ends. */
  readonly requestId?: string | undefined
  /** Whoever asked has gone, or has no more time. */
  readonly signal?: AbortSignal | undefined
}

/** The methods of a contract as functions, the same in process and over HTTP. Each throws ProblemError. */
export type CallsOf<Of extends Contract> = {
  readonly [Name in keyof Of['methods']]: (
    on: CallFor,
    args: z.output<Of['methods'][Name]['args']>,
  ) => Promise<z.output<Of['methods'][Name]['answer']>>
}

interface MayCall {
  readonly callers: readonly ModuleName[]
}

/** A question: it changes nothing. */
export const query = <Args extends z.ZodType, Answer extends z.ZodType>(
  args: Args,
  answer: Answer,
  { callers }: MayCall,
): Method<Args, Answer> => ({ args, answer, repeatable: true, msMax: remoteLimits.queryMsMax, callers })

/** Something that is to happen. @param repeatable twice is as once */
export const command = <Args extends z.ZodType, Answer extends z.ZodType>(
  args: Args,
  answer: Answer,
  { repeatable, callers }: MayCall & { readonly repeatable: boolean },
): Method<Args, Answer> => ({ args, answer, repeatable, msMax: remoteLimits.commandMsMax, callers })

export const defineContract = <Methods extends MethodTable>(
  module: ReachableModule,
  methods: Methods,
): Contract<Methods> => ({ module, methods })

/** Below this nothing is for people or edges; a proxy in front of the cloud need not let it through. */
export const internalPaths = '/internal/v1'
export const methodPath = (module: string, method: string): string => `${internalPaths}/${module}/${method}`

/** On every answer of a module's internal routes: without it something else is listening there. */
export const moduleHeader = 'x-jidoka-module'
