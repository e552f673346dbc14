import type {
  Alarm,
  AlarmRefusal,
  CatalogueEntry,
  Judgment,
  Locale,
  Quality,
  ReportedItem,
  Role,
  RuleDefinition,
  TagDefinition,
  Value,
} from '@jidoka/domain'
import type { VerdictPackets } from './broker.ts'
import type { DeadLetter } from './inbound.ts'

// What is true now, as the board and its people see it.

/** Facts that are kept per line from MES events. */
export interface LineFacts {
  readonly line: string
  readonly order: string | null
  readonly lot: string | null
  readonly product: string | null
  readonly shift: string | null
  readonly productionCount: number | null
  readonly defectCount: number | null
  /** When the newest event that they come from happened, by the MES's clock, and when it came, by the appliance's. */
  readonly atMs: number
  readonly receivedMs: number
}

/** What one commit made true; told after it is on disk, in order. */
export interface Committed {
  /** Highest numbers of both lanes. */
  readonly readingsSeq: number
  readonly recordsSeq: number
  /** Last values that the commit changed, at most one a tag. */
  readonly values: readonly {
    readonly key: string
    readonly timeMs: number
    readonly value: Value
    readonly quality: Quality
  }[]
  readonly newTags: readonly TagDefinition[]
  /** Changes of standing verdicts (settled through hysteresis), each with its judgment record. */
  readonly verdicts: readonly StandingVerdict[]
  readonly judgments: readonly Judgment[]
  readonly alarms: readonly Alarm[]
  readonly facts: readonly LineFacts[]
  readonly reported: readonly ReportedItem[]
  readonly deadLetters: readonly DeadLetter[]
  /** All verdicts of this commit, only while they are watched. */
  readonly verdictPackets: VerdictPackets | null
  /** Sums of this commit, for metrics. */
  readonly counts: {
    readonly readings: number
    readonly readingsQos0: number
    /** Publishes that were known already and stored no second time. */
    readonly repeats: number
    readonly verdictsByStatus: Readonly<Record<string, number>>
    /** What became of readings that windows look at. */
    readonly windowReadings?: Readonly<Record<'taken' | 'late' | 'repeated' | 'no_room', number>> | undefined
    readonly commitMs: number
  }
}

/** The verdict that stands for a rule at a subject. */
export interface StandingVerdict {
  readonly judgment: Judgment
  readonly sinceMs: number
}

/** A rule in force or not, as the worker holds it. */
export interface RuleInForce {
  readonly definition: RuleDefinition
  readonly hash: string
  readonly fastPath: boolean
  readonly state: 'in_force' | 'quarantined' | 'disabled'
  readonly problem: string | null
  readonly verdictsTotal: number
}

export interface StoredUser {
  readonly login: string
  readonly name: string
  readonly role: Role
  /** Null where the account has said nothing. */
  readonly locale: Locale | null
  /** `scrypt$N$r$p$salt$hash`, base64url. */
  readonly passwordHash: string
  /** `local` users are made on the appliance, `desired` ones come from the cloud. A desired one hides a local one of the same login. */
  readonly origin: 'local' | 'desired'
}

export type AlarmOutcome = { readonly done: Alarm } | { readonly refused: AlarmRefusal } | { readonly unknown: true }

/** `unknown`: no reading of that key has come. `in_catalogue`: the cloud's catalogue names it, and is changed there. */
export type AdoptionOutcome =
  | { readonly adopted: CatalogueEntry }
  | { readonly refused: 'in_catalogue' }
  | { readonly unknown: true }

export interface JudgmentFilter {
  readonly line?: string
  readonly ruleId?: string
  readonly status?: string
  readonly abnormal?: boolean
  readonly fromMs?: number
  readonly toMs?: number
  /** Sequence number of the record before which the page begins (newest first). */
  readonly beforeSeq?: number
  readonly limit: number
}
