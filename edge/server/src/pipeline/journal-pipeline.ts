import assert from 'node:assert/strict'
import type { Worker } from 'node:worker_threads'
import { OperationalError, systemClock } from '@jidoka/base'
import type { Log } from '@jidoka/base'
import type { AlarmAction, CatalogueEntry, FactoryEvent, NewRecord } from '@jidoka/domain'
import type { Lane, Receipt } from '@jidoka/sync-protocol'
import type {
  BrokerChange,
  CommandJournal,
  CommandOutcome,
  Committed,
  ConnectorPosition,
  CountedRanges,
  DesiredChange,
  EpochBegin,
  Inbound,
  Pipeline,
  PoisonRows,
  Publishes,
  StoredUser,
} from '../ports.ts'
import type { Damage } from '../keeping/set-aside.ts'
import { StoreProblemError } from '../store/errors.ts'
import type { StoreProblem } from '../store/errors.ts'
import type { SegmentReplaced, SegmentReplacement } from '../store/segment-replacer.ts'
import type { Command, CommandAnswer, CommandAnswers } from './commands.ts'
import { DesiredChanges } from './desired-changes.ts'
import { FlightWriter } from './flight.ts'
import { ingestLimits } from './limits.ts'
import { ToldProblems } from './told-problems.ts'
import type { FromWorker, ToWorker } from './worker-messages.ts'

/** Flights under way: while one commits the next lies ready, so that the worker never waits for a thread switch. More would only make commits smaller. */
const flightsInAirMax = 2

interface PendingCommand {
  readonly resolve: (answer: CommandAnswer) => void
  readonly reject: (error: Error) => void
}

interface InAir {
  readonly done: readonly ((error: Error | null) => void)[]
  readonly commands: readonly PendingCommand[]
  readonly bytes: number
  /** When the first of its messages came. */
  readonly firstMs: number
}

/** The main thread's side of the journal: gathers what comes while the worker commits, and hands each answer to whoever waits for it. */
export class JournalPipeline implements Pipeline, CommandJournal {
  readonly #worker: Worker
  readonly #log: Log
  readonly #flights = new FlightWriter()
  readonly #inAir: InAir[] = []
  readonly #committedListeners = new Set<(committed: Committed, publishes: Publishes | null) => void>()
  readonly #problems: ToldProblems
  #done: ((error: Error | null) => void)[] = []
  #commands: Command[] = []
  #pending: PendingCommand[] = []
  /** Full flights that wait for their turn, oldest first; in a rush several gather. */
  readonly #waiting: { readonly message: ToWorker & { kind: 'flight' }; readonly inAir: InAir }[] = []
  #waitingCount = 0
  #waitingBytes = 0
  /** Of the flight that is being gathered. */
  #gatheredBytes = 0
  /** When the first message of it came. */
  #gatheredFromMs = 0
  /** Among the commands that are being gathered is a change of what the broker keeps. */
  #brokerChangeGathered = false
  #takeOffIsDue = false
  /**
   * A flight has failed, and until everything behind it was refused too nothing takes off: were it to land, a publisher's
   * later message would be stored before the one that it sends again.
   */
  #isGrounded = false
  #stopped: Promise<void> | null = null
  readonly #desired = new DesiredChanges((command) => this.#command(command))
  /** The worker has closed the journal in order; its exit is then no failure. */
  #isClosed = false
  /** Why the worker is no more, from its exit on. */
  #ended: Error | null = null
  readonly #exited = Promise.withResolvers<void>()

  /** The worker must have opened its journal. `onFailure` is told once when it dies without having been stopped to the end. */
  constructor(worker: Worker, log: Log, onFailure: (error: Error) => void) {
    this.#worker = worker
    this.#log = log
    this.#problems = new ToldProblems(log)
    worker.on('message', (message: FromWorker) => this.#hear(message))
    let cause: unknown
    // An exit always follows.
    worker.on('error', (error) => (cause = error))
    worker.on('exit', (code) => {
      this.#ended = this.#isClosed
        ? stoppingError()
        : new OperationalError(
            `The journal's thread ended by itself (code ${code}). Start the appliance again, and send again what was not acknowledged.`,
            { cause },
          )
      this.#giveUp(this.#ended)
      this.#exited.resolve()
      if (!this.#isClosed) onFailure(this.#ended)
    })
  }

  ingest(message: Inbound, done: (error: Error | null) => void): void {
    const refusal = this.#refusal()
    if (refusal !== null) return queueMicrotask(() => done(refusal))
    if (this.#waitingCount >= ingestLimits.waitingMessagesMax || this.#waitingBytes >= ingestLimits.waitingBytesMax) {
      return queueMicrotask(() =>
        done(
          new OperationalError(
            'More messages wait than the appliance can hold. Slow the publishers down, or find out why the disk is slow.',
          ),
        ),
      )
    }
    // Commands of a flight come behind its messages; what the broker let go of must be gone before a publish that follows is compared with it.
    if (this.#brokerChangeGathered && message.delivery !== undefined) this.#enqueue()
    if (this.#done.length === 0) this.#gatheredFromMs = systemClock.monotonicMs()
    const bytes = this.#flights.add(message)
    this.#done.push(done)
    this.#waitingCount++
    this.#waitingBytes += bytes
    this.#gatheredBytes += bytes
    if (this.#flights.isFull) this.#enqueue()
    this.#takeOffSoon()
  }

  recordEvents(events: readonly FactoryEvent[], position: ConnectorPosition) {
    return this.#command({ kind: 'record_events', events, position })
  }

  changeAlarm(alarmId: string, action: AlarmAction, actor: string) {
    return this.#command({ kind: 'change_alarm', alarmId, action, actor })
  }

  adoptTag(entry: CatalogueEntry, actor: string) {
    return this.#command({ kind: 'adopt_tag', entry, actor })
  }

  withdrawTag(key: string, actor: string) {
    return this.#command({ kind: 'withdraw_tag', key, actor })
  }

  applyDesired(change: DesiredChange) {
    return this.#desired.apply(change)
  }

  startCommand(id: string) {
    return this.#command({ kind: 'start_command', id })
  }

  settleCommand(id: string, outcome: CommandOutcome) {
    return this.#command({ kind: 'settle_command', id, outcome })
  }

  async storeReceipt(receipt: Receipt, counted?: CountedRanges): Promise<void> {
    await this.#command({ kind: 'store_receipt', receipt, counted })
  }

  async forgetReceipt(lane: Lane): Promise<void> {
    await this.#command({ kind: 'forget_receipt', lane })
  }

  async appendRecord(record: NewRecord): Promise<void> {
    await this.#command({ kind: 'append_record', record })
  }

  async notePoison(poison: PoisonRows): Promise<void> {
    await this.#command({ kind: 'note_poison', poison })
  }

  async beginEpoch(begin: EpochBegin): Promise<void> {
    await this.#command({ kind: 'begin_epoch', begin })
  }

  async saveUser(user: StoredUser): Promise<void> {
    await this.#command({ kind: 'save_user', user })
  }

  async saveSetting(name: string, value: string): Promise<void> {
    await this.#command({ kind: 'save_setting', name, value })
  }

  async changeBroker(changes: readonly BrokerChange[]): Promise<void> {
    this.#brokerChangeGathered = true
    await this.#command({ kind: 'broker', changes })
  }

  async noteSent(upToSeq: number): Promise<void> {
    await this.#command({ kind: 'note_sent', upToSeq })
  }

  watchVerdicts(wanted: boolean): void {
    this.#post({ kind: 'watch_verdicts', wanted })
  }

  /** Puts a merged segment in the place of its parts; see merging/. */
  replaceSegments(merged: SegmentReplacement): Promise<SegmentReplaced> {
    return this.#command({ kind: 'replace_segments', merged })
  }

  rules() {
    return this.#command({ kind: 'rules' })
  }

  /** What a reader has found damaged. The journal looks for itself; true when it was damaged and is set aside now. */
  async reportDamage(damage: Damage): Promise<boolean> {
    const isSetAside = await this.#command({ kind: 'set_aside', damage })
    if (isSetAside)
      this.#log.error(
        { action: 'damage', ...damage },
        `A damaged part of the ${damage.lane} from number ${damage.firstSeq} on was set aside in the folder "damaged" and recorded as a gap. Check the disk.`,
      )
    return isSetAside
  }

  onCommitted(listener: (committed: Committed, publishes: Publishes | null) => void): () => void {
    this.#committedListeners.add(listener)
    return () => this.#committedListeners.delete(listener)
  }

  onStoreProblem(listener: (problem: string | null, kind: StoreProblem | null) => void): () => void {
    return this.#problems.listen(listener)
  }

  /** Bounds the database's size from now on, in pages of 4 KiB; for rehearsing a full disk. */
  limitPages(pageCountMax: number): void {
    this.#post({ kind: 'limit_pages', pageCountMax })
  }

  /** Takes nothing more, commits what was taken, and closes the journal in order. After the worker's death there is nothing left to wait for. */
  stop(): Promise<void> {
    this.#stopped ??= this.#drainAndClose()
    return this.#stopped
  }

  async #drainAndClose(): Promise<void> {
    // Whatever is in the air, everything leaves now: the worker works its messages off in order, and behind its stop it hears nothing.
    this.#enqueue()
    for (const { message, inAir } of this.#waiting.splice(0)) this.#send(message, inAir)
    this.#post({ kind: 'stop' })
    await this.#exited.promise
  }

  #command<Kind extends Command['kind']>(command: Extract<Command, { kind: Kind }>): Promise<CommandAnswers[Kind]> {
    const refusal = this.#refusal()
    if (refusal !== null) return Promise.reject(refusal)
    return new Promise((resolve, reject) => {
      this.#commands.push(command)
      this.#pending.push({ resolve: resolve as (answer: CommandAnswer) => void, reject })
      this.#takeOffSoon()
    })
  }

  /** After the sockets of this turn were read: what came in one turn leaves in one flight, and an idle appliance waits for nothing. */
  #takeOffSoon(): void {
    if (this.#takeOffIsDue || this.#isGrounded || this.#inAir.length >= flightsInAirMax) return
    this.#takeOffIsDue = true
    setImmediate(() => this.#takeOff())
  }

  #takeOff(): void {
    this.#takeOffIsDue = false
    if (this.#refusal() !== null || this.#isGrounded) return
    while (this.#inAir.length < flightsInAirMax) {
      if (this.#waiting.length === 0) this.#enqueue()
      const next = this.#waiting.shift()
      if (next === undefined) return
      this.#send(next.message, next.inAir)
    }
  }

  /** Closes the flight that is being gathered. */
  #enqueue(): void {
    if (this.#flights.count === 0 && this.#commands.length === 0) return
    const flight = this.#flights.count === 0 ? null : this.#flights.take()
    this.#waiting.push({
      message: { kind: 'flight', flight, commands: this.#commands },
      inAir: {
        done: this.#done,
        commands: this.#pending,
        bytes: this.#gatheredBytes,
        firstMs: this.#gatheredFromMs,
      },
    })
    this.#gatheredBytes = 0
    this.#brokerChangeGathered = false
    this.#done = []
    this.#commands = []
    this.#pending = []
  }

  #send(message: ToWorker & { kind: 'flight' }, inAir: InAir): void {
    this.#inAir.push(inAir)
    this.#post(message, message.flight === null ? [] : [message.flight.buffer])
  }

  #post(message: ToWorker, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer)
  }

  #hear(message: FromWorker): void {
    switch (message.kind) {
      case 'landed': {
        const committedMs = systemClock.monotonicMs()
        const inAir = this.#landed(message.buffer)
        // What waits goes first: the worker works while this thread tells everybody.
        this.#takeOff()
        for (const done of inAir.done) done(null)
        inAir.commands.forEach((command, index) => command.resolve(message.answers[index]))
        if (message.committed !== null) this.#tellSoon(message.committed, { inAir, committedMs })
        return
      }
      case 'failed': {
        this.#isGrounded = true
        const error = new StoreProblemError(message.problem, message.message)
        fail(this.#landed(message.buffer), error)
        if (this.#inAir.length === 0) this.#refuseWaiting(error)
        return
      }
      case 'swept':
        this.#tellSoon(message.committed, null)
        return
      case 'store':
        this.#problems.tell(message.problem)
        return
      case 'stopped':
        this.#isClosed = true
        return
      case 'opened':
      case 'not_opened':
    }
  }

  /** The last flight in the air was answered: what waited behind it is refused in its order, and the worker may try again. */
  #refuseWaiting(error: Error): void {
    this.#enqueue()
    const waiting = this.#waiting.splice(0)
    for (const { message, inAir } of waiting) {
      if (message.flight !== null) this.#flights.takeBack(message.flight)
      this.#waitingCount -= inAir.done.length
      this.#waitingBytes -= inAir.bytes
    }
    for (const { inAir } of waiting) fail(inAir, error)
    this.#post({ kind: 'go_on' })
    this.#isGrounded = false
    this.#takeOffSoon()
  }

  /** Why nothing is taken any more; null while it is. */
  #refusal(): Error | null {
    return this.#ended ?? (this.#stopped === null ? null : stoppingError())
  }

  /** Answers everything that still waits for the worker, in its order. */
  #giveUp(error: Error): void {
    this.#enqueue()
    for (const inAir of this.#inAir.splice(0)) fail(inAir, error)
    for (const { inAir } of this.#waiting.splice(0)) fail(inAir, error)
  }

  #landed(buffer: ArrayBuffer | null): InAir {
    const inAir = this.#inAir.shift()
    assert(inAir !== undefined, 'the worker answered a flight that never took off')
    if (buffer !== null) this.#flights.giveBack(buffer)
    this.#waitingCount -= inAir.done.length
    this.#waitingBytes -= inAir.bytes
    return inAir
  }

  /** Behind the acknowledgements, which leave at the next tick too: a publisher with one message at a time waits for nothing else. */
  #tellSoon(committed: Committed, landed: { readonly inAir: InAir; readonly committedMs: number } | null): void {
    process.nextTick(() => {
      const publishes = landed === null ? null : publishesOf(landed.inAir, landed.committedMs)
      for (const listener of this.#committedListeners) listener(committed, publishes)
    })
  }
}

/** To be called when the answers have been written. */
function publishesOf({ done, firstMs }: InAir, committedMs: number): Publishes | null {
  if (done.length === 0) return null
  return { count: done.length, firstMs, committedMs, acknowledgedMs: systemClock.monotonicMs() }
}

function fail(inAir: InAir, error: Error): void {
  for (const done of inAir.done) done(error)
  for (const command of inAir.commands) command.reject(error)
}

const stoppingError = () =>
  new OperationalError('The appliance is stopping and takes nothing more. Send it again after its start.')
