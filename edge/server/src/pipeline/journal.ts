import type { Clock } from '@jidoka/base'
import { SegmentBuilder } from '@jidoka/sync-protocol'
import { Judge } from '../judge/judge.ts'
import { judgeLimits } from '../judge/limits.ts'
import type { RuleRunner } from '../judge/rule-runner.ts'
import { Keeper } from '../keeping/keeper.ts'
import type { DiskSpace } from '../keeping/disk-space.ts'
import { openJournal } from '../keeping/open-journal.ts'
import { keepingLimits } from '../keeping/policy.ts'
import type { KeepingPolicy } from '../keeping/policy.ts'
import { askForSalvage } from '../keeping/salvage-files.ts'
import type { Committed, LineFacts, RuleInForce } from '../ports.ts'
import { closeInOrder } from '../store/database.ts'
import type { OpenedDatabase } from '../store/database.ts'
import { StoreProblemError, toStoreProblem } from '../store/errors.ts'
import { JournalWriter } from '../store/journal-writer.ts'
import { writeMark } from '../store/journal-mark.ts'
import { SegmentStore } from '../store/segment-store.ts'
import { Checkpoint } from './checkpoint.ts'
import { CommandHandler } from './command-handler.ts'
import type { Command, CommandAnswer } from './commands.ts'
import { CommitDraft } from './commit-draft.ts'
import { Deliveries } from './deliveries.ts'
import { FlightReader } from './flight.ts'
import type { Flight } from './flight.ts'
import { Intake } from './intake.ts'
import { lastHistory, loadJournal } from './journal-load.ts'
import { writeDraft } from './journal-write.ts'
import type { Lanes } from './journal-write.ts'
import { beginSegment } from './segment-in-progress.ts'
import { StoreRecovery } from './store-recovery.ts'
import { TagRegistry } from './tag-registry.ts'
import { TickTimes } from './tick-times.ts'
import { ToldCommits } from './told-commits.ts'
import { WindowFilling } from './window-filling.ts'
import { WindowBank } from '../windows/window-bank.ts'

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

export interface FlightOutcome {
  readonly committed: Committed | null
  readonly answers: readonly CommandAnswer[]
}

/**
 * The one writer: store, tags, rules and their state. Lives in the worker; knows no threads. What is in memory is always
 * what the store holds: when a commit fails, everything is loaded anew, by the same code as after a crash.
 */
export class Journal {
  /** As the mark beside the journal bears it. */
  #epoch: string
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
  readonly #filling: WindowFilling
  readonly #checkpoint: Checkpoint
  readonly #recovery: StoreRecovery
  readonly #flights = new FlightReader()
  readonly #builder = new SegmentBuilder()
  readonly #toldCommits = new ToldCommits()
  #lanes: Lanes = { nextReadingSeq: 1, nextRecordSeq: 1 }
  #isDropping = false
  readonly #ticks: TickTimes

  /** @throws JournalOpenError */
  constructor(options: JournalOptions) {
    const opened = openJournal(options.dataFolder, options.clock.nowMs())
    this.#database = opened.database
    this.#epoch = opened.epoch
    this.found = opened.found
    this.#clock = options.clock
    if (options.pageCountMax !== undefined) this.limitPages(options.pageCountMax)
    this.#writer = new JournalWriter(this.#database)
    this.#ticks = new TickTimes(this.#database, options.clock)
    this.#dataFolder = options.dataFolder
    this.#store = new SegmentStore(this.#database, options.dataFolder)
    this.#keeper = new Keeper({ ...options, database: this.#database, policy: options.keeping })
    this.#judge = new Judge({
      runner: options.runner,
      plant: {
        tag: (key) => this.#tags.tag(key),
        tags: () => this.#tags.all(),
        facts: (line) => this.#facts.get(line),
        factLines: () => this.#facts.keys(),
        windows: this.#windows,
      },
    })
    this.#filling = new WindowFilling(this.#judge, this.#store, options.clock)
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
      clock: this.#clock,
      tags: this.#tags,
      facts: this.#facts,
      deliveries: this.#deliveries,
      catalogueChanged: () => this.#intake.forgetTopics(),
      policyChanged: (policy) => this.#keeper.desire(policy),
      setAside: (damage, draft) => this.#keeper.setAside(damage, draft.nowMs, (record) => draft.record(record)),
    })
    this.#checkpoint = new Checkpoint({
      database: this.#database,
      writer: this.#writer,
      tags: this.#tags,
      judge: this.#judge,
      clock: this.#clock,
    })
    this.#recovery = new StoreRecovery({
      keeper: this.#keeper,
      writer: this.#writer,
      checkpoint: this.#checkpoint,
      commit: (work) => this.#commitAlone(work),
    })
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
          const { definitions } = command
          const news = definitions === null ? null : this.#commands.news(definitions)
          answers.push(this.#filling.prepare(news))
          continue
        }
        answers.push(this.#commands.handle(command, draft))
        this.#judge.finish(draft)
        if (command.kind === 'apply_desired') this.#filling.end()
        else this.#filling.fill()
      }
    })
    for (const command of commands) {
      if (command.kind !== 'begin_epoch') continue
      this.#epoch = command.begin.epoch
      writeMark(this.#dataFolder, this.#epoch, this.#lanes, false)
    }
    return { committed: this.#told(draft, commands.length > 0, startMs), answers }
  }

  /** The present life of the data folder. */
  get epoch(): string {
    return this.#epoch
  }

  /** Whether every single verdict is wanted; see `Committed.verdictPackets`. */
  watchVerdicts(wanted: boolean): void {
    const watcher = this.#toldCommits.watch(wanted)
    if (watcher !== undefined) this.#judge.watch(watcher)
  }

  /** See `ToldCommits.takeFollowing`. */
  takeFollowing(): readonly Committed[] {
    return this.#toldCommits.takeFollowing()
  }

  /** A flight that is answered without being tried: only its names are taken over, since later flights use them. */
  skip(flight: Flight | null): void {
    if (flight !== null) this.#flights.learn(flight)
  }

  /** What the passing of time changes: rules on the clock, silence, cool-downs; and the housekeeping of the store. To be called every second. */
  sweep(): Committed | null {
    const startMs = this.#clock.monotonicMs()
    const draft = new CommitDraft(this.#clock.nowMs())
    const hadTick = this.#judge.tick(this.#ticks.due(draft.nowMs), draft)
    this.#judge.sweep(draft)
    const checkpointIsDue = this.#checkpoint.isDue(startMs)
    const settledSeq = { readings: this.#lanes.nextReadingSeq - 1, records: this.#lanes.nextRecordSeq - 1 }
    const drops = this.#keeper.due(this.#checkpoint.settledSeq)
    this.#isDropping = drops !== null
    const isWorthwhile = !draft.isEmpty || hadTick || checkpointIsDue || drops !== null
    const work = () => {
      if (drops !== null) this.#keeper.carryOut(drops, draft.nowMs, (record) => draft.record(record))
    }
    this.#commit(draft, isWorthwhile, work, () => {
      if (checkpointIsDue) this.#checkpoint.write(this.#lanes, draft.nowMs)
      if (hadTick || checkpointIsDue) this.#ticks.write(draft.nowMs)
    })
    this.#ticks.done(draft.nowMs)
    if (!isWorthwhile) return null
    if (checkpointIsDue) {
      this.#checkpoint.settledSeq = settledSeq
      writeMark(this.#dataFolder, this.#epoch, this.#lanes, false)
    }
    if (drops !== null) this.#keeper.finish(drops)
    return this.#told(draft, false, startMs)
  }

  /** How long until the next sweep: sooner while rows have to go. */
  get sweepAfterMs(): number {
    return this.#isDropping ? keepingLimits.stepEveryMs : judgeLimits.sweepMs
  }

  /** See `StoreRecovery.troubled`. */
  troubled(problem: StoreProblemError): Committed | null {
    return this.#recovery.troubled(problem)
  }

  /** See `StoreRecovery.recover`. @throws StoreProblemError */
  recover(tell: (committed: Committed) => void): void {
    this.#recovery.recover(tell)
  }

  /** Whether the disk takes data again. @throws StoreProblemError */
  probe(): void {
    this.#recovery.probe()
  }

  #commitAlone(work: (draft: CommitDraft) => void): Committed | null {
    const startMs = this.#clock.monotonicMs()
    const draft = new CommitDraft(this.#clock.nowMs())
    this.#commit(draft, true, () => work(draft))
    return this.#told(draft, false, startMs)
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
        () => this.#checkpoint.write(this.#lanes, draft.nowMs),
      )
      writeMark(this.#dataFolder, this.#epoch, this.#lanes, true)
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
    try {
      // What writes nothing may read the store, which fails as a commit does.
      if (!worthwhile) return work()
      this.#writer.commit(() => {
        work()
        this.#deliveries.write()
        writeDraft(draft, this.#writer, this.#lanes)
        settle()
      })
    } catch (error) {
      this.#toldCommits.forget()
      const problem = toStoreProblem(error)
      if (problem === null) throw error
      if (problem.problem === 'damaged') askForSalvage(this.#dataFolder)
      else this.#load()
      throw problem
    }
  }

  /** Null when nothing happened that anybody could want to know. */
  #told(draft: CommitDraft, hadCommands: boolean, startMs: number): Committed | null {
    if (draft.isEmpty && !hadCommands) return null
    draft.windowReadings = this.#windows.takeNoted()
    return this.#toldCommits.tell(draft, this.#lanes, this.#clock.monotonicMs() - startMs)
  }

  #load(): void {
    this.#deliveries.load()
    this.#lanes = loadJournal({
      database: this.#database,
      segments: this.#store,
      tags: this.#tags,
      facts: this.#facts,
      judge: this.#judge,
      loadDesired: () => this.#commands.loadDesired(),
    })
    this.#intake.forgetTopics()
    this.#filling.fill()
  }

  /** After a start: a folder of an older program has no history of its rules, and this one may take other rules than the last did. */
  #reconcile(): void {
    const draft = new CommitDraft(this.#clock.nowMs())
    this.#judge.reconcile(lastHistory(this.#database), draft)
    const isFirst = this.#checkpoint.wasNeverWritten
    if (draft.isEmpty && !isFirst) return
    const settle = () => {
      if (isFirst) this.#checkpoint.write(this.#lanes, draft.nowMs)
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
