import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createWriteStream, existsSync, renameSync, statSync } from 'node:fs'
import type { WriteStream } from 'node:fs'
import { createInterface } from 'node:readline'

export interface ProgramPlan {
  readonly name: string
  /** Path of main.ts and its arguments. */
  readonly argv: readonly string[]
  readonly cwd: string
  readonly environment: Readonly<Record<string, string>>
  readonly logFile: string
}

/** What a program prints on stdout when it does its work; the members differ by program. */
export type Ready = Readonly<Record<string, unknown>>

/** A program that ended before it was ready or could not be kept running; `lastWords` is the end of its log for a person. */
export class ProgramEndedError extends Error {
  override name = 'ProgramEndedError'
  readonly program: string
  readonly lastWords: string

  constructor(program: string, how: string, lastWords: string) {
    super(`The ${program} ${how}.`)
    this.program = program
    this.lastWords = lastWords
  }
}

/** 10 MB: weeks of a calm plant; one older file is kept beside it. */
const logBytesMax = 10_000_000
/** More often than this within a minute is no accident: the person must look. */
const restartsPerMinuteMax = 3
/** A stop in order drains a journal or a database; past this it hangs. */
const stopGraceMs = 15_000
const lastLinesMax = 8
/** What a program said longer before its end was about something else; a crash prints its reason at once. */
const lastWordsMs = 5_000

/**
 * One process of the plant. It is restarted when it ends by itself, and each time that is said aloud: a restart that
 * nobody sees hides the fault. Its standard input stays open for as long as this supervisor lives.
 */
export class SupervisedProgram {
  readonly plan: ProgramPlan
  #child: ChildProcess | null = null
  #log: WriteStream | null = null
  #stopping = false
  #restartsMs: number[] = []
  #lastLines: { readonly line: string; readonly atMs: number }[] = []
  readonly #say: (sentence: string) => void
  readonly #onGivenUp: (error: ProgramEndedError) => void

  constructor(
    plan: ProgramPlan,
    hooks: { say: (sentence: string) => void; onGivenUp: (error: ProgramEndedError) => void },
  ) {
    this.plan = plan
    this.#say = hooks.say
    this.#onGivenUp = hooks.onGivenUp
  }

  /** Resolves with the program's ready line; rejects with ProgramEndedError when it ends before. */
  async start(): Promise<Ready> {
    rotate(this.plan.logFile)
    this.#log = createWriteStream(this.plan.logFile, { flags: 'a', mode: 0o600 })
    return await this.#spawn()
  }

  /** Asks the program to stop in order; ends it by force when it hangs, and says so. */
  async stop(): Promise<void> {
    this.#stopping = true
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    child.kill('SIGTERM')
    const force = setTimeout(() => {
      this.#say(`the ${this.plan.name} did not stop within ${stopGraceMs / 1000} s and was ended by force`)
      child.kill('SIGKILL')
    }, stopGraceMs)
    await ended
    clearTimeout(force)
    this.#log?.end()
  }

  /** Ends the program at once, for a second Ctrl-C. */
  kill(): void {
    this.#stopping = true
    this.#child?.kill('SIGKILL')
  }

  #spawn(): Promise<Ready> {
    const { name, argv, cwd, environment } = this.plan
    // A group of its own, so that Ctrl-C reaches the supervisor alone and it can stop its programs in order.
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...argv], {
      cwd,
      env: environment,
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    this.#child = child
    this.#lastLines = []
    const keep = (line: string) => {
      this.#log?.write(`${line}\n`)
      this.#lastLines.push({ line, atMs: performance.now() })
      if (this.#lastLines.length > lastLinesMax) this.#lastLines.shift()
    }
    createInterface({ input: child.stderr }).on('line', keep)
    return new Promise((resolve, reject) => {
      let ready = false
      createInterface({ input: child.stdout }).on('line', (line) => {
        const said = readyLine(line)
        if (!said) return keep(line)
        ready = true
        resolve(said)
      })
      child.once('error', (error) => reject(new ProgramEndedError(name, `could not be started: ${error.message}`, '')))
      child.once('exit', (code, signal) => {
        if (this.#stopping) return reject(new ProgramEndedError(name, 'was stopped before it was ready', ''))
        const how = signal ? `was ended by ${signal}` : `ended with exit code ${code ?? '?'}`
        if (!ready) return reject(new ProgramEndedError(name, how, this.#lastWords(signal)))
        this.#restart(how, this.#lastWords(signal))
      })
    })
  }

  /** Who is ended from outside has no last words: what stands in its log is of before. */
  #lastWords(signal: NodeJS.Signals | null): string {
    if (signal === 'SIGKILL' || signal === 'SIGTERM') return ''
    const sinceMs = performance.now() - lastWordsMs
    return humanLines(this.#lastLines.filter(({ atMs }) => atMs >= sinceMs).map(({ line }) => line))
  }

  #restart(how: string, words: string): void {
    const nowMs = performance.now()
    this.#restartsMs = [...this.#restartsMs.filter((atMs) => nowMs - atMs < 60_000), nowMs]
    const given = this.#restartsMs.length > restartsPerMinuteMax
    if (given) {
      this.#onGivenUp(
        new ProgramEndedError(this.plan.name, `${how}, for the ${this.#restartsMs.length}th time in a minute`, words),
      )
      return
    }
    this.#say(
      `the ${this.plan.name} ${how} and is started again${words ? `\n    ${words.replaceAll('\n', '\n    ')}` : ''}`,
    )
    this.#spawn().then(
      () => this.#say(`the ${this.plan.name} runs again`),
      (error: unknown) => {
        if (!this.#stopping && error instanceof ProgramEndedError) this.#onGivenUp(error)
      },
    )
  }
}

function readyLine(line: string): Ready | null {
  if (!line.startsWith('{"ready":true')) return null
  return JSON.parse(line) as Ready
}

/** Log lines are JSON for machines; a person gets their messages. */
function humanLines(lines: readonly string[]): string {
  return lines
    .map((line) => {
      if (!line.startsWith('{')) return line
      try {
        const { level, message, msg } = JSON.parse(line) as { level?: string; message?: string; msg?: string }
        return level === 'error' || level === 'fatal' || level === 'warn' ? (message ?? msg ?? line) : ''
      } catch {
        return line
      }
    })
    .filter((line) => line !== '')
    .join('\n')
}

function rotate(file: string): void {
  if (existsSync(file) && statSync(file).size > logBytesMax) renameSync(file, `${file}.1`)
}
