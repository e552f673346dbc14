import { uuidv7 } from '@jidoka/base'
import type {
  Alarm,
  AlarmAction,
  CatalogueEntry,
  DesiredItem,
  FactoryEvent,
  Judgment,
  NewRecord,
  ReportedItem,
  TagDefinition,
} from '@jidoka/domain'
import { alarmStep } from '@jidoka/domain'
import { addTally, rangeRows, SegmentBuilder } from '@jidoka/sync-protocol'
import type { DropReason, Lane, RangeTally, Receipt } from '@jidoka/sync-protocol'
import type {
  AdoptionOutcome,
  AlarmOutcome,
  Committed,
  ConnectorPosition,
  CountedRanges,
  DeadLetter,
  DesiredChange,
  DesiredPosition,
  EpochBegin,
  JournalReader,
  JudgmentFilter,
  KeptReceipt,
  LineFacts,
  Pipeline,
  PoisonRows,
  RuleInForce,
  StandingVerdict,
  StoredOutage,
  StoredUser,
} from '../../ports.ts'

export const emptyCommit: Committed = {
  readingsSeq: 0,
  recordsSeq: 0,
  values: [],
  newTags: [],
  verdicts: [],
  judgments: [],
  alarms: [],
  facts: [],
  reported: [],
  deadLetters: [],
  verdictPackets: null,
  counts: { readings: 0, readingsQos0: 0, repeats: 0, verdictsByStatus: {}, commitMs: 0 },
}

/** The ports of the journal in memory, for tests of what stands around it. Nothing here is judged or durable. */
export class MemoryJournal implements Pipeline, JournalReader {
  epoch = '0198f0d2-0000-7000-8000-000000000001'
  readonly records: NewRecord[] = []
  readonly settings = new Map<string, string>()
  readonly storedUsers: StoredUser[] = []
  readonly receipts = new Map<string, Receipt>()
  readonly kept: KeptReceipt[] = []
  readonly sums: Record<Lane, Map<number, RangeTally>> = { records: new Map(), readings: new Map() }
  readonly poison: PoisonRows[] = []
  starts: Readonly<Record<Lane, number>> = { records: 1, readings: 1 }
  tagList: TagDefinition[] = []
  verdictList: StandingVerdict[] = []
  judgmentList: { seq: number; judgment: Judgment }[] = []
  alarmList: Alarm[] = []
  factList: LineFacts[] = []
  letterList: DeadLetter[] = []
  ruleList: RuleInForce[] = []
  desiredItems: DesiredItem[] = []
  adoptedList: CatalogueEntry[] = []
  position: DesiredPosition | null = null
  readingsSeq = 0
  segmentList: { firstSeq: number; count: number; body: Uint8Array }[] = []
  /** Set it to make every write wait or fail. */
  beforeWrite: () => Promise<void> = () => Promise.resolve()
  readonly #committed = new Set<(committed: Committed, publishes: null) => void>()
  readonly #problems = new Set<(problem: string | null) => void>()

  commit(part: Partial<Committed>): void {
    this.readingsSeq += part.counts?.readings ?? 0
    const committed = { ...emptyCommit, readingsSeq: this.readingsSeq, recordsSeq: this.records.length, ...part }
    for (const listener of this.#committed) listener(committed, null)
  }

  problem(sentence: string | null): void {
    for (const listener of this.#problems) listener(sentence)
  }

  ingest(_message: unknown, done: (error: Error | null) => void): void {
    done(null)
  }

  async recordEvents(events: readonly FactoryEvent[], _position: ConnectorPosition): Promise<{ stored: number }> {
    await this.beforeWrite()
    return { stored: events.length }
  }

  async changeAlarm(alarmId: string, action: AlarmAction, actor: string): Promise<AlarmOutcome> {
    await this.beforeWrite()
    const alarm = this.alarm(alarmId)
    if (alarm === null) return { unknown: true }
    const step = alarmStep(alarm.state, action)
    if ('refused' in step) return step
    const changed: Alarm = {
      ...alarm,
      state: step.to,
      acknowledged_by: actor,
      acknowledged_at_ms: alarm.changed_at_ms + 1,
    }
    this.alarmList = this.alarmList.map((each) => (each.id === alarmId ? changed : each))
    this.commit({ alarms: [changed] })
    return { done: changed }
  }

  async applyDesired(change: DesiredChange): Promise<readonly ReportedItem[]> {
    await this.beforeWrite()
    const isTouched = (item: DesiredItem): boolean =>
      [...change.upserts, ...change.removals].some((each) => each.kind === item.kind && each.key === item.key)
    this.desiredItems = [
      ...(change.replaceAll ? [] : this.desiredItems.filter((item) => !isTouched(item))),
      ...change.upserts,
    ]
    this.position = change.position
    const reported = change.upserts.map((item): ReportedItem => ({
      kind: item.kind,
      key: item.key,
      version: item.version,
      state: 'applied',
      problem: null,
      rule_hash: null,
    }))
    this.commit({ reported })
    return reported
  }

  async adoptTag(entry: CatalogueEntry, actor: string): Promise<AdoptionOutcome> {
    await this.beforeWrite()
    const tag = this.tagList.find(({ key }) => key === entry.key)
    if (tag === undefined) return { unknown: true }
    const ofCloud = this.desiredItems.flatMap((item) => (item.kind === 'tag_catalogue' ? item.body.tags : []))
    if (ofCloud.some(({ key }) => key === entry.key)) return { refused: 'in_catalogue' }
    this.adoptedList = [...this.adoptedList.filter(({ key }) => key !== entry.key), entry]
    this.#audit(actor, 'tag.adopt', entry.key)
    this.commit({ newTags: [tag] })
    return { adopted: entry }
  }

  async withdrawTag(key: string, actor: string): Promise<boolean> {
    await this.beforeWrite()
    if (!this.adoptedList.some((entry) => entry.key === key)) return false
    this.adoptedList = this.adoptedList.filter((entry) => entry.key !== key)
    this.#audit(actor, 'tag.withdraw', key)
    this.commit({ newTags: this.tagList.filter((tag) => tag.key === key) })
    return true
  }

  #audit(actor: string, action: string, subject: string): void {
    this.records.push({ at_ms: 0, kind: 'audit', body: { actor, action, subject, detail: {} } })
  }

  async storeReceipt(receipt: Receipt, counted?: CountedRanges): Promise<void> {
    await this.beforeWrite()
    this.receipts.set(receipt.lane, receipt)
    this.kept.push({ id: this.kept.length + 1, receipt })
    for (const [range, tally] of counted?.tallies ?? [])
      this.sums[receipt.lane].set(range, addTally(this.sums[receipt.lane].get(range), tally))
  }

  async notePoison(poison: PoisonRows): Promise<void> {
    await this.beforeWrite()
    this.poison.push(poison)
  }

  async beginEpoch({ epoch, startSeqs }: EpochBegin): Promise<void> {
    await this.beforeWrite()
    this.epoch = epoch
    this.starts = startSeqs
    this.receipts.clear()
  }

  async forgetReceipt(lane: Lane): Promise<void> {
    await this.beforeWrite()
    this.receipts.delete(lane)
  }

  async appendRecord(record: NewRecord): Promise<void> {
    await this.beforeWrite()
    this.records.push(record)
    this.commit({})
  }

  async saveUser(user: StoredUser): Promise<void> {
    await this.beforeWrite()
    const at = this.storedUsers.findIndex((each) => each.login === user.login && each.origin === user.origin)
    if (at < 0) this.storedUsers.push(user)
    else this.storedUsers[at] = user
  }

  async saveSetting(name: string, value: string): Promise<void> {
    await this.beforeWrite()
    this.settings.set(name, value)
  }

  onCommitted(listener: (committed: Committed, publishes: null) => void): () => void {
    this.#committed.add(listener)
    return () => this.#committed.delete(listener)
  }

  onStoreProblem(listener: (problem: string | null) => void): () => void {
    this.#problems.add(listener)
    return () => this.#problems.delete(listener)
  }

  /** What `noteSent` was called with. */
  readonly sent: number[] = []
  async noteSent(upToSeq: number): Promise<void> {
    await this.beforeWrite()
    this.sent.push(upToSeq)
  }

  async changeBroker(): Promise<void> {
    await this.beforeWrite()
  }

  watchVerdicts(): void {}

  rules(): Promise<readonly RuleInForce[]> {
    return Promise.resolve(this.ruleList)
  }

  lanes() {
    return { readingsSeq: this.readingsSeq, recordsSeq: this.records.length }
  }

  receipted() {
    return { readings: this.receipts.get('readings') ?? null, records: this.receipts.get('records') ?? null }
  }

  segments(fromSeq: number, bytesMax: number): readonly { firstSeq: number; count: number; body: Uint8Array }[] {
    const found: { firstSeq: number; count: number; body: Uint8Array }[] = []
    let bytes = 0
    for (const segment of this.segmentList) {
      if (segment.firstSeq + segment.count <= fromSeq) continue
      bytes += segment.body.length
      if (found.length > 0 && bytes > bytesMax) break
      found.push(segment)
    }
    return found
  }

  encoded(firstSeq: number, values: readonly number[]): Uint8Array {
    const builder = new SegmentBuilder()
    for (const [index, value] of values.entries()) builder.push(1, 1_000 + index, value, 'good')
    return builder.encode(firstSeq, 1_000)
  }

  /** Stores readings of one tag as a segment, as a commit does. */
  addReadings(values: readonly number[]): void {
    const firstSeq = this.readingsSeq + 1
    this.segmentList.push({ firstSeq, count: values.length, body: this.encoded(firstSeq, values) })
    this.commit({ counts: { ...emptyCommit.counts, readings: values.length } })
  }

  recordLines(fromSeq: number, bytesMax: number): readonly { seq: number; line: string }[] {
    const lines: { seq: number; line: string }[] = []
    let bytes = 0
    for (let seq = fromSeq; seq <= this.records.length && bytes < bytesMax; seq++) {
      const line = JSON.stringify({ seq, ...this.records[seq - 1] })
      bytes += line.length
      lines.push({ seq, line })
    }
    return lines
  }

  tags = () => this.tagList
  adoptedTags = () => this.adoptedList
  lastValues = () => []
  standingVerdicts = () => this.verdictList
  rulesSinceMs = () => new Map(this.ruleList.map(({ definition }) => [definition.id, 1_000]))
  openAlarms = () => this.alarmList.filter((alarm) => alarm.state !== 'cleared')
  alarm = (id: string) => this.alarmList.find((alarm) => alarm.id === id) ?? null
  facts = () => this.factList
  judgment = (id: string) => this.judgmentList.find((each) => each.judgment.id === id)?.judgment ?? null
  judgments = (filter: JudgmentFilter) =>
    this.judgmentList
      .filter(
        ({ seq, judgment }) =>
          seq < (filter.beforeSeq ?? Number.POSITIVE_INFINITY) &&
          (filter.status === undefined || judgment.status === filter.status),
      )
      .toSorted((left, right) => right.seq - left.seq)
      .slice(0, filter.limit)
  outages = (limit: number, beforeMs = Number.POSITIVE_INFINITY): StoredOutage[] => {
    const whole = new Map<number, StoredOutage>()
    for (const record of this.records) {
      if (record.kind !== 'outage') continue
      const { from_ms: fromMs, to_ms: toMs, cause, rows_waiting: rowsWaiting } = record.body
      const { drained_ms: drainedMs = null, dropped = {}, receipted = null } = record.body
      whole.set(fromMs, { fromMs, toMs, cause, rowsWaiting, drainedMs, dropped, receipted })
    }
    return [...whole.values()]
      .filter(({ fromMs }) => fromMs < beforeMs)
      .toSorted((left, right) => right.fromMs - left.fromMs)
      .slice(0, limit)
  }
  outagesUndrained = () => this.outages(1_000).filter(({ toMs, drainedMs }) => toMs !== null && drainedMs === null)
  startSeqs = () => this.starts
  sentReadingsSeq = () => Math.max(0, ...this.sent)
  receiptHistory = ({
    lane,
    upToSeq = Number.POSITIVE_INFINITY,
    beforeId = Number.POSITIVE_INFINITY,
    limit,
  }: Parameters<JournalReader['receiptHistory']>[0]) =>
    this.kept
      .filter(
        ({ id, receipt }) =>
          id < beforeId && receipt.up_to_seq <= upToSeq && (lane === undefined || receipt.lane === lane),
      )
      .toReversed()
      .slice(0, limit)
  receiptsAfter = (afterId: number, limit: number) => this.kept.filter(({ id }) => id > afterId).slice(0, limit)
  rangeSums = (lane: Lane, fromRange: number, limit: number) =>
    [...this.sums[lane]]
      .filter(([range]) => range >= fromRange)
      .toSorted(([left], [right]) => left - right)
      .slice(0, limit)
      .map(([range, tally]) => ({ range, fromSeq: range * rangeRows + 1, ...tally }))
  poisonFrom = (lane: Lane, seq: number) => this.poison.find((rows) => rows.lane === lane && rows.toSeq >= seq) ?? null
  poisonCounts = () => ({
    records: this.poison.filter(({ lane }) => lane === 'records').length,
    readings: this.poison.filter(({ lane }) => lane === 'readings').length,
  })
  storedMs = () => null
  deadLetters = (limit: number) => this.letterList.slice(0, limit)
  history = () => ({ timesMs: new Float64Array(0), values: new Float64Array(0) })
  desired = () => this.desiredItems
  desiredPosition = () => this.position
  connectorPosition = () => null
  users = () => this.storedUsers
  setting = (name: string) => this.settings.get(name) ?? null
  gapList: { lane: Lane; fromSeq: number; toSeq: number; reason: DropReason }[] = []
  gapFrom(lane: Lane, seq: number) {
    return this.gapList.find((gap) => gap.lane === lane && gap.toSeq >= seq) ?? null
  }

  brokerState = () => ({
    sessions: [],
    queue: [],
    retained: [],
    wills: [],
    unreleased: [],
    untoldAlarms: { alarms: [], recordsSeq: 0 },
  })
  sizeBytes = () => 1_000
  close(): void {}
}

export const someJudgment = (part: Partial<Judgment> = {}): Judgment => ({
  id: uuidv7(),
  rule_id: 'temperature-high',
  rule_version: 1,
  rule_hash: 'a'.repeat(64),
  subject: 'LINE-A/temperature',
  line: 'LINE-A',
  equipment: null,
  status: 'HIGH',
  normal: false,
  previous_status: 'NORMAL',
  confidence: 0.95,
  method_used: 'rule',
  explanation: '91 > 90',
  inputs: { value: { value: 91, at_ms: 1_000 } },
  reading_seq: 7,
  judged_at_ms: Date.UTC(2026, 0, 1),
  ...part,
})

export const someAlarm = (part: Partial<Alarm> = {}): Alarm => ({
  id: uuidv7(),
  rule_id: 'temperature-high',
  subject: 'LINE-A/temperature',
  line: 'LINE-A',
  equipment: null,
  priority: 'high',
  state: 'unacknowledged',
  status: 'HIGH',
  explanation: '91 > 90',
  judgment_id: uuidv7(),
  raised_at_ms: Date.UTC(2026, 0, 1),
  returned_at_ms: null,
  acknowledged_at_ms: null,
  acknowledged_by: null,
  changed_at_ms: Date.UTC(2026, 0, 1),
  ...part,
})
