import type {
  Alarm,
  AlarmAction,
  AlarmRefusal,
  CatalogueEntry,
  Command,
  CommandResult,
  CommandState,
  DesiredItem,
  FactoryEvent,
  Judgment,
  Locale,
  NewRecord,
  Quality,
  ReportedItem,
  Role,
  RuleDefinition,
  TagDefinition,
  Value,
} from '@jidoka/domain'
import type { DropReason, Lane, RangeTally, Receipt } from '@jidoka/sync-protocol'
import type { StoreProblem } from './store/errors.ts'

/**
 * What the parts of the appliance say to each other. The main thread owns sockets; one worker owns the journal, the
 * rules and their state. Everything that changes the journal goes through `Pipeline`; everything that only looks reads
 * through `JournalReader`, which has a connection of its own and never waits for a commit.
 */

/** A message that came in and waits for its acknowledgement. */
export interface Inbound {
  readonly topic: string
  readonly payload: Uint8Array
  /** The device's login; goes into dead letters. */
  readonly source: string
  readonly qos: 0 | 1 | 2
  /** Names the delivery where the protocol lets us know a repeat: QoS 2, and QoS 1 within a session that outlives its connection. */
  readonly delivery?: Delivery | undefined
}

export interface Delivery {
  /** The client id as the broker knows it, see `StoredSession`. */
  readonly session: string
  /** 1..65535 */
  readonly messageId: number
  readonly dup: boolean
}

/** Why an inbound message was not stored though it was acknowledged; see `deadLetterSchema` of the contract for the reasons. */
export interface DeadLetter {
  readonly atMs: number
  readonly source: string
  readonly topic: string
  readonly reason: DeadLetterReason
  readonly detail: string
  readonly sample: string
}
export type DeadLetterReason =
  | 'not_json'
  | 'wrong_type'
  | 'not_finite'
  | 'too_large'
  | 'time_too_far'
  | 'bad_topic'
  | 'wrong_tenant'
  | 'unit_mismatch'
  | 'kind_mismatch'
  | 'too_many_tags'

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

/** A session that outlives its connection, as the store holds it. */
export interface StoredSession {
  /** Behind its login and a slash where clients sign in: every login has ids of its own. */
  readonly clientId: string
  /** Who holds its place: its login, or under the open policy the address that it came from. */
  readonly login: string
  readonly subscriptions: readonly { readonly topic: string; readonly qos: 0 | 1 | 2 }[]
  readonly seenMs: number
}

/** A message on its way to a session: queued or sent, and not yet acknowledged to its end. `packet` is its PUBLISH as it goes out. */
export interface QueuedMessage {
  readonly clientId: string
  /** Given when it is queued, so that a message that was sent before a crash goes out again under the id that its receiver knows. */
  readonly messageId: number
  /** `pubrel`: its receiver has it (PUBREC), and waits for the release. */
  readonly state: 'publish' | 'pubrel'
  readonly packet: Uint8Array
}

/** The last word of a client whose connection breaks. */
export interface StoredWill {
  readonly clientId: string
  readonly login: string
  readonly packet: Uint8Array
}

/** One change of what the broker keeps; changes of one call are in one commit, in order. */
export type BrokerChange =
  | { readonly kind: 'session'; readonly session: StoredSession }
  | { readonly kind: 'session_gone'; readonly clientId: string }
  | { readonly kind: 'enqueue'; readonly message: QueuedMessage }
  /** PUBREC came: the message is with its receiver. */
  | { readonly kind: 'released'; readonly clientId: string; readonly messageId: number }
  | { readonly kind: 'dequeue'; readonly clientId: string; readonly messageId: number }
  | { readonly kind: 'retain'; readonly topic: string; readonly packet: Uint8Array | null }
  | { readonly kind: 'will'; readonly will: StoredWill }
  | { readonly kind: 'will_gone'; readonly clientId: string }
  /** PUBREL of an inbound QoS 2 publish: its packet id is free again. */
  | { readonly kind: 'inbound_released'; readonly session: string; readonly messageId: number }
  /** PUBREC is due for an inbound QoS 2 publish that is no reading. */
  | { readonly kind: 'inbound_taken'; readonly session: string; readonly messageId: number }
  /** Alarms of records up to here are told: what of it is to be kept for sessions comes before this. */
  | { readonly kind: 'alarms_told'; readonly recordsSeq: number }

/** All that the broker keeps, as a start finds it; the queue in the order in which it was filled. */
export interface BrokerState {
  readonly sessions: readonly StoredSession[]
  readonly queue: readonly QueuedMessage[]
  readonly retained: readonly { readonly topic: string; readonly packet: Uint8Array }[]
  readonly wills: readonly StoredWill[]
  readonly unreleased: readonly { readonly session: string; readonly messageId: number }[]
  /** Alarms that were stored and not told before the stop, oldest first, and the last record that was looked at for them. */
  readonly untoldAlarms: { readonly alarms: readonly Alarm[]; readonly recordsSeq: number }
}

/** Every verdict of one commit as ready MQTT packets (QoS 0), for whoever subscribes to `verdict/#`. */
export interface VerdictPackets {
  readonly bytes: Uint8Array
  /** Where each stretch of packets of one topic ends, in order. */
  readonly stretches: readonly { readonly topic: string; readonly end: number }[]
}

export type AlarmOutcome = { readonly done: Alarm } | { readonly refused: AlarmRefusal } | { readonly unknown: true }

/** `unknown`: no reading of that key has come. `in_catalogue`: the cloud's catalogue names it, and is changed there. */
export type AdoptionOutcome =
  | { readonly adopted: CatalogueEntry }
  | { readonly refused: 'in_catalogue' }
  | { readonly unknown: true }

/** Where a connector of the MES stands: opaque to the journal, committed together with the events that it read. */
export interface ConnectorPosition {
  readonly connector: string
  readonly position: string
}

/** Where the follower of the desired state stands; opaque. Committed together with the items that it brought. */
export interface DesiredPosition {
  readonly handle: string
  readonly offset: string
  /** Set by the journal: something on the way here could not be read, and a newer program has to begin anew. */
  readonly isPartial?: true
}

/** A desired item that a newer cloud wrote. Its kind may be unknown too. */
export interface UnreadableItem {
  readonly kind: string
  readonly key: string
  readonly version: number
  readonly problem: string
}

export interface DesiredChange {
  readonly upserts: readonly DesiredItem[]
  readonly removals: readonly { readonly kind: DesiredItem['kind']; readonly key: string }[]
  /** Named by the change and left as they stand: reported as refused. */
  readonly unreadable?: readonly UnreadableItem[]
  /** Rows whose names could not be read either. */
  readonly unnamedCount?: number
  /** True after a must-refetch: what is neither among the upserts nor unreadable is removed. */
  readonly replaceAll: boolean
  readonly position: DesiredPosition
}

/** A command as the journal holds it, from its arrival to long after its end. */
export interface StoredCommand {
  readonly id: string
  readonly version: number
  readonly command: Command
  readonly state: CommandState
  readonly problem: string | null
  readonly result: CommandResult | null
  readonly changedMs: number
}

/** How a command ends: `expired` one that is `accepted`, all others one that is `started`. */
export interface CommandOutcome {
  readonly state: 'done' | 'failed' | 'expired' | 'interrupted'
  readonly problem: string | null
  readonly result: CommandResult | null
}

/** What the runner of commands asks of the journal. Both answer false when the command is not in a state for it any more, and change nothing then. */
export interface CommandJournal {
  startCommand(id: string): Promise<boolean>
  settleCommand(id: string, outcome: CommandOutcome): Promise<boolean>
}

/** Sends rows of the journal once more; the cloud replaces what it holds of their ranges. */
export interface RangeRepair {
  resend(lane: Lane, fromSeq: number, toSeq: number): Promise<CommandResult>
}

/** The write side. Each promise resolves after the commit that holds the change (`synchronous=FULL`). */
export interface Pipeline {
  /**
   * Takes a message; `done` is called after its commit (the time for PUBACK), in the order of the calls. With an error
   * it must not be acknowledged: the store cannot keep it (disk full, I/O error). Bad content is no error: it is kept as
   * a dead letter and acknowledged, since a repeat would not make it better.
   */
  ingest(message: Inbound, done: (error: Error | null) => void): void
  /** Events from the MES with the connector's new position in one commit. Events already stored (source, source_key) are skipped. */
  recordEvents(events: readonly FactoryEvent[], position: ConnectorPosition): Promise<{ readonly stored: number }>
  changeAlarm(alarmId: string, action: AlarmAction, actor: string): Promise<AlarmOutcome>
  /** Gives a discovered tag its name, unit and limits until the cloud's catalogue names it; again changes them. The kind is the tag's own. */
  adoptTag(entry: CatalogueEntry, actor: string): Promise<AdoptionOutcome>
  /** Takes an adoption back; false where there is none. */
  withdrawTag(key: string, actor: string): Promise<boolean>
  applyDesired(change: DesiredChange): Promise<readonly ReportedItem[]>
  /** `counted`: what the receipt's batch has given to the sums of its ranges; absent: not known, and its ranges are counted from the journal. */
  storeReceipt(receipt: Receipt, counted?: CountedRanges): Promise<void>
  /** The cloud was set back to nothing: what it had receipted of the lane may not be pruned until it is receipted again. */
  forgetReceipt(lane: Lane): Promise<void>
  appendRecord(record: NewRecord): Promise<void>
  /** Rows that the cloud can never read: noted, told as dropped, and not sent again; the journal keeps them. */
  notePoison(poison: PoisonRows): Promise<void>
  /** Ends the present epoch and begins another in the same numbers. Nothing of the old one may be on the line. */
  beginEpoch(begin: EpochBegin): Promise<void>
  saveUser(user: StoredUser): Promise<void>
  /** Named values of the program's own state (identity, trust list, ...), small texts. */
  saveSetting(name: string, value: string): Promise<void>
  /** What the broker keeps of sessions and retained messages. */
  changeBroker(changes: readonly BrokerChange[]): Promise<void>
  /** Readings up to here leave for the cloud: until the receipt nothing is merged across what was sent. Resolves before they may leave. */
  noteSent(upToSeq: number): Promise<void>
  /** Whether every single verdict is wanted as a packet; see `Committed.verdictPackets`. */
  watchVerdicts(wanted: boolean): void
  /** Called after every commit, in order. Returns the function that ends it. */
  onCommitted(listener: (committed: Committed) => void): () => void
  /** Called when the store cannot write, with a sentence and its kind, and with null when it can again. */
  onStoreProblem(listener: (problem: string | null, kind?: StoreProblem | null) => void): () => void
  rules(): Promise<readonly RuleInForce[]>
}

/** What rows up to a receipt have given to ranges. `afterSeq`: the receipted number that they lie behind. */
export interface CountedRanges {
  readonly afterSeq: number
  readonly tallies: ReadonlyMap<number, RangeTally>
}

/** A range's kept sum. It counts what was receipted from `fromSeq` on, which is the range's first number unless the sum was begun anew within it. */
export interface KeptRangeSum extends RangeTally {
  readonly range: number
  readonly fromSeq: number
}

export interface PoisonRows {
  readonly lane: Lane
  readonly fromSeq: number
  readonly toSeq: number
  /** What the cloud said. */
  readonly detail: string
}

export interface EpochBegin {
  readonly epoch: string
  /** First number of each lane in it. */
  readonly startSeqs: Readonly<Record<Lane, number>>
  readonly actor: string
}

/** A whole outage of the ledger. */
export interface StoredOutage {
  readonly fromMs: number
  readonly toMs: number | null
  readonly cause: string
  readonly rowsWaiting: number
  /** When everything that waited at its end was receipted; null: not yet, or not known. */
  readonly drainedMs: number | null
  /** Rows that were dropped of what waited, by reason. */
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>
  readonly receipted: Readonly<Record<Lane, number>> | null
}

/** A receipt of this epoch or one before it, with the number that pages of the history go by. */
export interface KeptReceipt {
  readonly id: number
  readonly receipt: Receipt
}

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

/** The read side. Synchronous (SQLite), bounded, on a connection of its own. */
export interface JournalReader {
  /** As it is now: a new one may begin while the appliance runs. */
  readonly epoch: string
  /** First number of each lane in this epoch. */
  startSeqs(): Readonly<Record<Lane, number>>
  lanes(): { readonly readingsSeq: number; readonly recordsSeq: number }
  receipted(): { readonly readings: Receipt | null; readonly records: Receipt | null }
  /** Stored segments from a sequence number on, as they lie, until about `bytesMax`. The first begins at or before `fromSeq`. */
  segments(
    fromSeq: number,
    bytesMax: number,
  ): readonly { readonly firstSeq: number; readonly count: number; readonly body: Uint8Array }[]
  /** Record lines (the JSON that goes up) from a sequence number on. */
  recordLines(fromSeq: number, bytesMax: number): readonly { readonly seq: number; readonly line: string }[]
  tags(): readonly TagDefinition[]
  /** Catalogue entries that were made on the appliance, also those that the cloud's hide. */
  adoptedTags(): readonly CatalogueEntry[]
  /** The last reading of every tag, for the board after a start. */
  lastValues(): readonly {
    readonly key: string
    readonly timeMs: number
    readonly value: Value
    readonly quality: Quality
  }[]
  standingVerdicts(): readonly StandingVerdict[]
  /** Since when each rule is in its present state and version, by its id. */
  rulesSinceMs(): ReadonlyMap<string, number>
  openAlarms(): readonly Alarm[]
  alarm(id: string): Alarm | null
  facts(): readonly LineFacts[]
  judgments(filter: JudgmentFilter): readonly { readonly seq: number; readonly judgment: Judgment }[]
  judgment(id: string): Judgment | null
  /** By the time of their beginning, newest first. */
  outages(limit: number, beforeMs?: number): readonly StoredOutage[]
  /** Outages that are over and were never told as drained, the oldest first. */
  outagesUndrained(limit: number): readonly StoredOutage[]
  /** Newest first. `beforeId`: of the last one of the page before. */
  receiptHistory(filter: {
    readonly lane?: Lane
    readonly beforeId?: number
    readonly limit: number
  }): readonly KeptReceipt[]
  /** The kept sums of a lane's ranges from one on. */
  rangeSums(lane: Lane, fromRange: number, limit: number): readonly KeptRangeSum[]
  /** Rows noted as poison that hold a number or lie behind it, the first of them. */
  poisonFrom(lane: Lane, seq: number): { readonly fromSeq: number; readonly toSeq: number } | null
  /** How many rows of each lane were noted as poison since then. */
  poisonCounts(sinceMs: number): Readonly<Record<Lane, number>>
  /** When the row with this number, or the next one that is held, came in; null where there is none. */
  storedMs(lane: Lane, seq: number): number | null
  deadLetters(limit: number): readonly DeadLetter[]
  /** Numeric readings of a tag between two instants, oldest first. */
  history(key: string, fromMs: number, toMs: number): { readonly timesMs: Float64Array; readonly values: Float64Array }
  desired(): readonly DesiredItem[]
  desiredPosition(): DesiredPosition | null
  connectorPosition(connector: string): string | null
  users(): readonly StoredUser[]
  setting(name: string): string | null
  brokerState(): BrokerState
  /** The recorded gap that holds a sequence number, or else the first one behind it; null where there is none. */
  gapFrom(
    lane: 'readings' | 'records',
    seq: number,
  ): { readonly fromSeq: number; readonly toSeq: number; readonly reason: DropReason } | null
  /** Bytes of the data folder, for the disk horizon. */
  sizeBytes(): number
  close(): void
}
