import type {
  Alarm,
  AlarmAction,
  CatalogueEntry,
  DesiredItem,
  FactoryEvent,
  Judgment,
  NewRecord,
  Quality,
  ReportedItem,
  TagDefinition,
  Value,
} from '@jidoka/domain'
import type { DropReason, Lane, Receipt } from '@jidoka/sync-protocol'
import type { StoreProblem } from './store/errors.ts'
import type {
  AdoptionOutcome,
  AlarmOutcome,
  Committed,
  JudgmentFilter,
  LineFacts,
  RuleInForce,
  StandingVerdict,
  StoredUser,
} from './ports/board.ts'
import type { BrokerChange, BrokerState } from './ports/broker.ts'
import type { ConnectorPosition, DesiredChange, DesiredPosition } from './ports/desired.ts'
import type { DeadLetter, Inbound, Publishes } from './ports/inbound.ts'
import type { CountedRanges, EpochBegin, KeptRangeSum, KeptReceipt, PoisonRows, StoredOutage } from './ports/line.ts'

export type * from './ports/board.ts'
export type * from './ports/broker.ts'
export type * from './ports/desired.ts'
export type * from './ports/inbound.ts'
export type * from './ports/line.ts'

/**
 * What the parts of the appliance say to each other. The main thread owns sockets; one worker owns the journal, the
 * rules and their state. Everything that changes the journal goes through `Pipeline`; everything that only looks reads
 * through `JournalReader`, which has a connection of its own and never waits for a commit.
 */

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
  /** Called after every commit, in order; `publishes` is null where none was among it. Returns the function that ends it. */
  onCommitted(listener: (committed: Committed, publishes: Publishes | null) => void): () => void
  /** Called when the store cannot write, with a sentence and its kind, and with null when it can again. */
  onStoreProblem(listener: (problem: string | null, kind?: StoreProblem | null) => void): () => void
  rules(): Promise<readonly RuleInForce[]>
}

/** The read side. Synchronous (SQLite), bounded, on a connection of its own. */
export interface JournalReader {
  /** As it is now: a new one may begin while the appliance runs. */
  readonly epoch: string
  /** First number of each lane in this epoch. */
  startSeqs(): Readonly<Record<Lane, number>>
  /** Highest reading that may have left for the cloud, or in a courier's file. */
  sentReadingsSeq(): number
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
  /** Newest first. `beforeId`: of the last one of the page before. `upToSeq`: none that reaches beyond this number. */
  receiptHistory(filter: {
    readonly lane?: Lane
    readonly upToSeq?: number
    readonly beforeId?: number
    readonly limit: number
  }): readonly KeptReceipt[]
  /** Oldest first, of all lanes and epochs. */
  receiptsAfter(afterId: number, limit: number): readonly KeptReceipt[]
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
