import type { Clock } from '@jidoka/base'
import type { RuleDefinition } from '@jidoka/domain'
import { SegmentBuilder } from '@jidoka/sync-protocol'
import { Judge } from '../judge/judge.ts'
import { judgeLimits } from '../judge/limits.ts'
import type { RuleRunner } from '../judge/rule-runner.ts'
import { Keeper } from '../keeping/keeper.ts'
import type { DiskSpace } from '../keeping/disk-space.ts'
import { openJournal } from '../keeping/open-journal.ts'
import { keepingLimits } from '../keeping/policy.ts'
import type { KeepingPolicy } from '../keeping/policy.ts'
import type { SettledSeq } from '../keeping/retention.ts'
import { askForSalvage } from '../keeping/salvage-files.ts'
import type { Committed, LineFacts, RuleInForce } from '../ports.ts'
import { closeInOrder, meta } from '../store/database.ts'
import type { OpenedDatabase } from '../store/database.ts'
import { StoreProblemError, toStoreProblem } from '../store/errors.ts'
import { JournalWriter, openRunsAt } from '../store/journal-writer.ts'
import { writeMark } from '../store/journal-mark.ts'
import { lastValuesSeq } from '../store/last-values.ts'
import type { LastValue } from '../store/last-values.ts'
import { readTagsFrom } from '../store/read-tags.ts'
import { SegmentStore } from '../store/segment-store.ts'
import { CommandHandler } from './command-handler.ts'
import type { Command, CommandAnswer } from './commands.ts'
import { CommitDraft } from './commit-draft.ts'
import { Deliveries } from './deliveries.ts'
import { FlightReader } from './flight.ts'
import type { Flight } from './flight.ts'
import { Intake } from './intake.ts'
import { lastHistory, loadJournal } from './journal-load.ts'
import { checkpointRuns, writeDraft } from './journal-write.ts'
import type { Lanes } from './journal-write.ts'
import { beginSegment } from './segment-in-progress.ts'
import { TagRegistry } from './tag-registry.ts'
import { WindowBank } from '../windows/window-bank.ts'
import type { WindowReader } from '../windows/window-bank.ts'
import { VerdictPacketWriter } from './verdict-packets.ts'

export interface JournalOptions {
  readonly dataFolder: string
  readonly tenantId: string
  readonly clock: Clock
  readonly runner: RuleRunner
  /** SQLite's `max_page_count`: a bound on the database, after which it is full. */
  readonly pageCountMax?: number | undefined
  /** How long and how much is kept; absent: everything. */
  readonly keeping?: KeepingPolicy | undefined
  readonly space?: ((folder: string) => DiskSpace) | undefined
}

const journalLimits = {
  /** Last values go to their columns this often; a restart reads the segments since then, some 100,000 readings at most at full load. */
  checkpointMs: 10_000,
  /** Bytes that a probe writes to see whether the disk takes a flight again. */
  probeBytes: 256 * 1024,
  /** Steps of making room on a full disk before it is tried again: some 500 files, or 128 MiB of rows. */
  roomStepsMax: 32,
  /** A connector's overlap is minutes and a repaired MES may send a week again; older keys are forgotten so that the table stays small. */
  seenEventsMs: 30 * 86_400_000,
  seenEventsPruneMs: 3_600_000,
  /** A flight that waits behind a slice of filling windows waits no longer than behind a commit of a slow disk. */
  prepareSliceMs: 15,
} as const

export interface FlightOutcome {
  readonly committed: Committed | null
  readonly answers: readonly CommandAnswer[]
}

/**
 * The one writer: store, tags, rules and their state. Lives in the worker; knows no threads. What is in memory is always
 * what the store holds: when a commit fails, everything is loaded anew, by the same code as after a crash.
 */
export class Journal {
  readonly epoch: string
  readonly found: string | null
  readonly #clock: Clock
  readonly #database: OpenedDatabase['database']
  readonly #writer: JournalWriter
  readonly #store: SegmentStore
  readonly #dataFolder: string
  readonly #keeper: Keeper
  readonly #tags = new TagRegistry()
  readonly #facts = new Map<string, LineFacts>()
  readonly #windows = new WindowBank()
  readonly #judge: Judge
  readonly #deliveries: Deliveries
  readonly #intake: Intake
  readonly #commands: CommandHandler
  readonly #flights = new FlightReader()
  readonly #builder = new SegmentBuilder()
  #lanes: Lanes = { nextReadingSeq: 1, nextRecordSeq: 1 }
  /** Inside a commit it sees what the commit has written. */
  readonly #windowReader: WindowReader = {
    firstSeqWithin: (span) => this.#store.catalogue.receivedFrom(span)?.firstSeq ?? null,
    readTagsFrom: (tagNos, fromSeq) => readTagsFrom(this.#store, tagNos, fromSeq),
  }
  /** Null while nobody wants every single verdict. */
  #packets: VerdictPacketWriter | null = null
  /** What is still to be told of the last commit. */
  #following: Committed[] = []
  #checkpointAtMs: number
  /** Of the last checkpoint: what came behind is needed to make again what is only in memory. */
  #settledSeq: SettledSeq
  #isDropping = false
  #pruneAtMs = 0
  /** The last sweep that was committed. Null: rules on the clock wait for their next instant, since devices have not come back yet. */
  #sweptAtMs: number | null = null

  /** @throws JournalOpenError */
  constructor(options: JournalOptions) {
    const opened = openJournal(options.dataFolder, options.clock.nowMs())
    this.#database = opened.database
    this.epoch = opened.epoch
    this.found = opened.found
    this.#clock = options.clock
    if (options.pageCountMax !== undefined) this.limitPages(options.pageCountMax)
    this.#writer = new JournalWriter(this.#database)
    this.#dataFolder = options.dataFolder
    this.#store = new SegmentStore(this.#database, options.dataFolder)
    const checkpointSeq = (name: string) => Number(meta(this.#database, name) ?? '0')
    this.#settledSeq = {
      readings: Math.min(checkpointSeq(lastValuesSeq), checkpointSeq(openRunsAt.readings)),
      records: checkpointSeq(openRunsAt.records),
    }
    this.#keeper = new Keeper({ ...options, database: this.#database, policy: options.keeping })
    this.#judge = new Judge({
      runner: options.runner,
      plant: {
        tag: (key) => this.#tags.tag(key),
        tags: () => this.#tags.all(),
        facts: (line) => this.#facts.get(line),
        windows: this.#windows,
      },
    })
    this.#deliveries = new Deliveries(this.#database)
    this.#intake = new Intake({
      tenantId: options.tenantId,
      tags: this.#tags,
      judge: this.#judge,
      deliveries: this.#deliveries,
    })
    this.#commands = new CommandHandler({
      database: this.#database,
      writer: this.#writer,
      judge: this.#judge,
      tags: this.#tags,
      facts: this.#facts,
      deliveries: this.#deliveries,
      catalogueChanged: () => this.#intake.forgetTopics(),
      setAside: (damage, draft) => this.#keeper.setAside(damage, draft.nowMs, (record) => draft.record(record)),
    })
    this.#checkpointAtMs = options.clock.monotonicMs() + journalLimits.checkpointMs
    this.#load()
    this.#reconcile()
  }

  /** Lowers or lifts the bound of the database's size, in pages of 4 KiB. */
  limitPages(pageCountMax: number): void {
    this.#database.pragma(`max_page_count = ${pageCountMax}`)
  }

  /**
   * Stores and judges the messages of a flight and does the commands behind them, all in one commit.
   * @throws StoreProblemError when the store cannot keep it; then nothing of it happened.
   */
  apply(flight: Flight | null, commands: readonly Command[]): FlightOutcome {
    const startMs = this.#clock.monotonicMs()
    const draft = new CommitDraft(this.#clock.nowMs())
    const answers: CommandAnswer[] = []
    if (flight !== null) this.#flights.learn(flight)
    this.#commit(draft, flight !== null || commands.some(isChange), () => {
      if (flight !== null) this.#takeIn(flight, draft)
      // Before a command may put another version of a rule in force: what came first is judged by the one that was.
      this.#judge.finish(draft)
      for (const command of commands) {
        if (command.kind === 'prepare_windows') {
          answers.push(this.#prepareWindows(command.definitions, draft.nowMs))
          continue
        }
        answers.push(this.#commands.handle(command, draft))
        this.#judge.finish(draft)
        this.#judge.fillWindows(this.#windowReader, draft.nowMs)
      }
    })
    return { committed: this.#told(draft, commands.length > 0, startMs), answers }
  }

  #prepareWindows(definitions: readonly RuleDefinition[] | null, nowMs: number): boolean {
    const untilMs = this.#clock.monotonicMs() + journalLimits.prepareSliceMs
    const isTimeUp = () => this.#clock.monotonicMs() >= untilMs
    return this.#judge.prepareWindows(definitions, this.#windowReader, nowMs, isTimeUp)
  }

  /** Whether every single verdict is wanted; see `Committed.verdictPackets`. */
  watchVerdicts(wanted: boolean): void {
    if (wanted === (this.#packets !== null)) return
    this.#packets = wanted ? new VerdictPacketWriter() : null
    this.#judge.watch(this.#packets)
  }

  /** More of the last commit, to be told behind it: the packets of its verdicts that did not fit into one block. */
  takeFollowing(): readonly Committed[] {
    return this.#following.splice(0)
  }

  /** A flight that is answered without being tried: only its names are taken over, since later flights use them. */
  skip(flight: Flight | null): void {
    if (flight !== null) this.#flights.learn(flight)
  }

  /** What the passing of time changes: rules on the clock, silence, cool-downs; and the housekeeping of the store. To be called every second. */
  sweep(): Committed | null {
    const startMs = this.#clock.monotonicMs()
    const draft = new CommitDraft(this.#clock.nowMs())
    this.#judge.tick(this.#sweptAtMs ?? draft.nowMs, draft)
    this.#judge.sweep(draft)
    const checkpointIsDue = startMs >= this.#checkpointAtMs
    const settledSeq = { readings: this.#lanes.nextReadingSeq - 1, records: this.#lanes.nextRecordSeq - 1 }
    const drops = this.#keeper.due(this.#settledSeq)
    this.#isDropping = drops !== null
    const isWorthwhile = !draft.isEmpty || checkpointIsDue || drops !== null
    const work = () => {
      if (drops !== null) this.#keeper.carryOut(drops, draft.nowMs, (record) => draft.record(record))
    }
    this.#commit(draft, isWorthwhile, work, () => {
      if (checkpointIsDue) this.#checkpoint(draft.nowMs)
    })
    this.#sweptAtMs = draft.nowMs
    if (!isWorthwhile) return null
    if (checkpointIsDue) {
      this.#settledSeq = settledSeq
      writeMark(this.#dataFolder, this.epoch, this.#lanes, false)
    }
    if (drops !== null) this.#keeper.finish(drops)
    return this.#told(draft, false, startMs)
  }

  /** How long until the next sweep: sooner while rows have to go. */
  get sweepAfterMs(): number {
    return this.#isDropping ? keepingLimits.stepEveryMs : judgeLimits.sweepMs
  }

  /** A commit has failed: gives up the reserve where that helps, and records that the store is full. Null when even that cannot be written. */
  troubled(problem: StoreProblemError): Committed | null {
    this.#keeper.troubled(problem)
    const record = this.#keeper.troubleToRecord()
    if (record === null) return null
    const startMs = this.#clock.monotonicMs()
    const draft = new CommitDraft(this.#clock.nowMs())
    draft.record(record)
    try {
      this.#commit(draft, true, () => {})
    } catch (error) {
      if (error instanceof StoreProblemError) return null
      throw error
    }
    this.#keeper.troubleIsRecorded()
    return this.#told(draft, false, startMs)
  }

  /**
   * After a failure: makes room where rows may go, and looks whether the disk takes data again. `tell` gets each commit.
   * @throws StoreProblemError while it does not
   */
  recover(tell: (committed: Committed) => void): void {
    for (let step = 0; step < journalLimits.roomStepsMax; step++) {
      const drops = this.#keeper.makeRoom(this.#settledSeq)
      if (drops === null) break
      this.#commitAlone(tell, (draft) => this.#keeper.carryOut(drops, draft.nowMs, (record) => draft.record(record)))
      this.#keeper.finish(drops)
    }
    this.probe()
    this.#keeper.mustHaveRoom()
    this.#commitAlone(tell, (draft) => this.#keeper.resumed((record) => draft.record(record)))
    this.#keeper.resumedIsRecorded()
  }

  #commitAlone(tell: (committed: Committed) => void, work: (draft: CommitDraft) => void): void {
    const startMs = this.#clock.monotonicMs()
    const draft = new CommitDraft(this.#clock.nowMs())
    this.#commit(draft, true, () => work(draft))
    const committed = this.#told(draft, false, startMs)
    if (committed !== null) tell(committed)
  }

  /** Whether the disk takes data again. @throws StoreProblemError */
  probe(): void {
    try {
      this.#writer.probe(journalLimits.probeBytes)
    } catch (error) {
      throw toStoreProblem(error) ?? error
    }
  }

  rules(): readonly RuleInForce[] {
    return this.#judge.rules()
  }

  /** Puts what is only in memory on disk and marks the folder as closed in order. */
  close(): void {
    try {
      const draft = new CommitDraft(this.#clock.nowMs())
      this.#commit(
        draft,
        true,
        () => this.#judge.closeRuns(draft),
        () => this.#checkpoint(draft.nowMs),
      )
      writeMark(this.#dataFolder, this.epoch, this.#lanes, true)
      closeInOrder(this.#database)
    } catch (error) {
      // With a full disk the folder stays marked as open: the next start checks it, and nothing acknowledged is lost.
      if (this.#database.open) this.#database.close()
      if (toStoreProblem(error) === null) throw error
    }
  }

  /** Lets go of the folder as a crash would: nothing is put in order. */
  abandon(): void {
    this.#database.close()
  }

  #takeIn(flight: Flight, draft: CommitDraft): void {
    const segment = beginSegment(this.#builder, this.#writer, this.#lanes.nextReadingSeq, draft.nowMs)
    this.#flights.read(flight, (message) => this.#intake.message(message, segment, draft))
    segment.flush()
    this.#lanes.nextReadingSeq = segment.firstSeq
  }

  /** Runs the work, writes what came of it and then `settles`, in one transaction. A failure leaves everything as it was. */
  #commit(draft: CommitDraft, worthwhile: boolean, work: () => void, settle: () => void = () => {}): void {
    if (!worthwhile) {
      work()
      return
    }
    try {
      this.#writer.commit(() => {
        work()
        this.#deliveries.write()
        writeDraft(draft, this.#writer, this.#lanes)
        settle()
      })
    } catch (error) {
      this.#packets?.take()
      const problem = toStoreProblem(error)
      if (problem === null) throw error
      if (problem.problem === 'damaged') askForSalvage(this.#dataFolder)
      else this.#load()
      throw problem
    }
  }

  #checkpoint(nowMs: number): void {
    const dirty: (readonly [number, LastValue])[] = []
    for (const tag of this.#tags.all()) {
      if (tag.lastIsDirty && tag.last !== undefined) dirty.push([tag.tagNo, tag.last])
      tag.lastIsDirty = false
    }
    this.#writer.lastValues(dirty, this.#lanes.nextReadingSeq - 1)
    checkpointRuns(this.#judge.takeDirtyRuns(), this.#judge.instances(), this.#writer, this.#lanes)
    if (nowMs >= this.#pruneAtMs) {
      this.#writer.forgetEventsBefore(nowMs - journalLimits.seenEventsMs)
      this.#pruneAtMs = nowMs + journalLimits.seenEventsPruneMs
    }
    this.#checkpointAtMs = this.#clock.monotonicMs() + journalLimits.checkpointMs
  }

  /** Null when nothing happened that anybody could want to know. */
  #told(draft: CommitDraft, hadCommands: boolean, startMs: number): Committed | null {
    if (draft.isEmpty && !hadCommands) return null
    const { nextReadingSeq, nextRecordSeq } = this.#lanes
    draft.windowReadings = this.#windows.takeNoted()
    const [packets = null, ...more] = this.#packets?.take() ?? []
    const told = (each: CommitDraft, blocks: typeof packets) =>
      each.toCommitted(nextReadingSeq - 1, nextRecordSeq - 1, this.#clock.monotonicMs() - startMs, blocks)
    for (const block of more) this.#following.push(told(new CommitDraft(draft.nowMs), block))
    return told(draft, packets)
  }

  #load(): void {
    this.#deliveries.load()
    this.#lanes = loadJournal({
      database: this.#database,
      segments: this.#store,
      tags: this.#tags,
      facts: this.#facts,
      judge: this.#judge,
      loadCatalogue: () => this.#commands.loadCatalogue(),
    })
    this.#intake.forgetTopics()
    this.#judge.fillWindows(this.#windowReader, this.#clock.nowMs())
  }

  /** After a start: a folder of an older program has no history of its rules, and this one may take other rules than the last did. */
  #reconcile(): void {
    const draft = new CommitDraft(this.#clock.nowMs())
    this.#judge.reconcile(lastHistory(this.#database), draft)
    // Runs are counted from a checkpoint on: without one, those of before a crash could not be told from those of an older program.
    const isFirst = meta(this.#database, openRunsAt.readings) === null
    if (draft.isEmpty && !isFirst) return
    const settle = () => {
      if (isFirst) this.#checkpoint(draft.nowMs)
    }
    try {
      this.#commit(draft, true, () => {}, settle)
    } catch (error) {
      // A full disk: the next start finds the same.
      if (!(error instanceof StoreProblemError)) throw error
    }
  }
}

const isChange = ({ kind }: Command): boolean => kind !== 'rules' && kind !== 'prepare_windows'
