import type { Clock, Log, Service } from '@jidoka/base'
import { describeError, OperationalError } from '@jidoka/base'
import type { Command, CommandName, CommandResult } from '@jidoka/domain'
import type { Committed, CommandJournal, CommandOutcome, StoredCommand } from '../ports.ts'
import { commandLimits } from './limits.ts'

/** What an action may need to know of its command. */
export interface CommandContext {
  readonly id: string
  /** Aborted when the appliance stops, or when the command has run too long. */
  readonly signal: AbortSignal
}

/** What each command does. Throws why it failed, in a sentence for whoever issued it. */
export type CommandActions = {
  readonly [Name in CommandName]: (
    what: Extract<Command['what'], { name: Name }>,
    context: CommandContext,
  ) => Promise<CommandResult>
}

export interface CommandRunnerOptions {
  readonly journal: CommandJournal
  /** Those in the journal that have not ended, oldest arrival first. */
  readonly commands: () => readonly StoredCommand[]
  readonly onCommitted: (listener: (committed: Committed) => void) => () => void
  /** By the clock of the line to the cloud. */
  readonly cloudNowMs: () => number
  readonly actions: CommandActions
  readonly clock: Clock
  readonly log: Log
}

/**
 * Runs commands one at a time, each once. What is to be done stands in the journal alone: `started` is on disk before anything happens, so that
 * one that is found started was cut off, by a crash or by a stop, and is told as interrupted instead of being run again.
 */
export class CommandRunner implements Service {
  readonly name = 'commands'
  readonly #options: CommandRunnerOptions
  readonly #stopped = new AbortController()
  #forget: () => void = () => {}
  #working: Promise<void> | null = null
  /** Something came while the last look was already under way. */
  #isAsked = false

  constructor(options: CommandRunnerOptions) {
    this.#options = options
  }

  start(): Promise<void> {
    this.#forget = this.#options.onCommitted(({ reported }) => {
      if (reported.some(({ kind, state }) => kind === 'command' && state === 'accepted')) this.#look()
    })
    this.#look()
    return Promise.resolve()
  }

  /** What runs is given up; the next start tells it as interrupted. */
  async stop(): Promise<void> {
    this.#forget()
    this.#stopped.abort()
    await this.#working
  }

  /** Resolves when nothing is left to do. */
  async idle(): Promise<void> {
    while (this.#working !== null) await this.#working
  }

  #look(): void {
    if (this.#working !== null || this.#stopped.signal.aborted) {
      this.#isAsked = true
      return
    }
    this.#working = this.#workOff().finally(() => {
      this.#working = null
      if (!this.#isAsked) return
      this.#isAsked = false
      this.#look()
    })
  }

  async #workOff(): Promise<void> {
    const { signal } = this.#stopped
    while (!signal.aborted) {
      try {
        if (!(await this.#next())) return
      } catch (error) {
        if (signal.aborted) return
        this.#options.log.warn(
          { action: 'command', success: false },
          `The journal cannot take what became of a command: ${describeError(error)}. Trying again.`,
        )
        await this.#wait(commandLimits.retryDelayMs)
      }
    }
  }

  /** False when nothing is left to do. */
  async #next(): Promise<boolean> {
    const { journal, commands, cloudNowMs } = this.#options
    const held = commands()
    // None of this life's: each of those is settled before the next look.
    const cutOff = held.find(({ state }) => state === 'started')
    if (cutOff !== undefined) return this.#settle(cutOff, { state: 'interrupted', problem: interrupted, result: null })
    const next = held.find(({ state }) => state === 'accepted')
    if (next === undefined) return false
    const { expires_at_ms: expiresAtMs } = next.command
    if (cloudNowMs() > expiresAtMs) {
      const problem = `It had to begin before ${new Date(expiresAtMs).toISOString()} and came, or had its turn, later. Issue it again.`
      return this.#settle(next, { state: 'expired', problem, result: null })
    }
    if (!(await journal.startCommand(next.id))) return true
    const outcome = await this.#run(next)
    return outcome === null ? false : this.#settle(next, outcome)
  }

  /** Null when the appliance stops: what it came to is not known. */
  async #run({ id, command }: StoredCommand): Promise<CommandOutcome | null> {
    const { actions, clock, log } = this.#options
    const { name } = command.what
    log.info({ action: 'command', command: id, name, issuedBy: command.issued_by }, `the command ${name} begins`)
    const tooLong = new AbortController()
    const cancel = clock.after(commandLimits.runTimeMsMax, () => tooLong.abort())
    const signal = AbortSignal.any([this.#stopped.signal, tooLong.signal])
    try {
      const act = actions[name] as (what: Command['what'], context: CommandContext) => Promise<CommandResult>
      const result = await Promise.race([act(command.what, { id, signal }), whenAborted(signal)])
      return { state: 'done', problem: null, result }
    } catch (error) {
      if (this.#stopped.signal.aborted) return null
      const isExpected = error instanceof OperationalError
      const problem = tooLong.signal.aborted
        ? `It did not come to its end within ${commandLimits.runTimeMsMax / 60_000} minutes and was given up.`
        : describeError(error)
      if (!isExpected)
        log.error({ action: 'command', command: id, name, err: error }, `the command ${name} failed: ${problem}`)
      return { state: 'failed', problem, result: null }
    } finally {
      cancel()
    }
  }

  /** Until it is stored: were what came of it lost, a command that was done would be told as interrupted. */
  async #settle({ id, command }: StoredCommand, outcome: CommandOutcome): Promise<true> {
    const { journal, log } = this.#options
    for (;;) {
      try {
        await journal.settleCommand(id, outcome)
        break
      } catch (error) {
        if (this.#stopped.signal.aborted) throw error
        log.warn(
          { action: 'command', command: id, success: false },
          `What became of a command (${outcome.state}) could not be stored: ${describeError(error)}. Trying again.`,
        )
        await this.#wait(commandLimits.retryDelayMs)
      }
    }
    const said = `the command ${command.what.name} is ${outcome.state}${outcome.problem === null ? '' : `: ${outcome.problem}`}`
    const what = { action: 'command', command: id, name: command.what.name, state: outcome.state }
    if (outcome.state === 'done') log.info(what, said)
    else log.warn(what, said)
    return true
  }

  #wait(delayMs: number): Promise<void> {
    return waitFor(this.#options.clock, delayMs, this.#stopped.signal)
  }
}

const interrupted =
  'The appliance stopped while it ran, and nobody knows how far it came. It is not run again by itself: issue it again.'

/** Ends early, and without an error, when it is aborted. */
export function waitFor(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const cancel = clock.after(delayMs, () => {
      signal.removeEventListener('abort', end)
      resolve()
    })
    const end = () => {
      cancel()
      resolve()
    }
    signal.addEventListener('abort', end, { once: true })
  })
}

const whenAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const give = () => reject(new OperationalError('The command was given up.'))
    if (signal.aborted) give()
    else signal.addEventListener('abort', give, { once: true })
  })
