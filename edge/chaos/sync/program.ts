import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

/** A start brings a database or a journal up to date; one that takes longer than this is stuck. */
const startMsMax = 60_000
/** A stop in order takes ten seconds at most. */
const stopMsMax = 20_000

/** One life of a real program of ours: it says where it listens in a line of JSON, stops in order at SIGTERM, and can be killed. */
export class Program<Ready> {
  readonly #child: ChildProcess
  readonly #exited: Promise<void>
  readonly #ready = Promise.withResolvers<Ready>()
  readonly #name: string
  #errors = ''

  /** @param log file to which what it says on stderr is added */
  constructor(
    name: string,
    options: { readonly argv: readonly string[]; readonly environment: NodeJS.ProcessEnv; readonly log: string },
  ) {
    this.#name = name
    this.#child = spawn(process.execPath, options.argv, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], JIDOKA_SUPERVISED: '1', ...options.environment },
    })
    // Whoever is supervised ends with the pipe: a harness that dies leaves nothing behind.
    this.#child.stdin?.on('error', () => {})
    this.#child.stderr?.on('data', (bytes: Buffer) => {
      this.#errors = `${this.#errors}${bytes.toString()}`.slice(-4_000)
      appendFileSync(options.log, bytes)
    })
    if (this.#child.stdout !== null)
      createInterface(this.#child.stdout).once('line', (line) => this.#ready.resolve(JSON.parse(line) as Ready))
    this.#exited = new Promise((resolve) => this.#child.once('exit', () => resolve()))
    void this.#exited.then(() =>
      this.#ready.reject(new Error(`${name} ended before it listened: ${this.#errors || 'it said nothing'}`)),
    )
    this.#ready.promise.catch(() => {}) // whoever kills it while it starts never asks
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  /** @throws when it ended by itself, with its last words */
  failIfEnded(): void {
    if (this.hasEnded)
      throw new Error(
        `${this.#name} has ended by itself (${this.#child.exitCode ?? this.#child.signalCode}): ${this.#errors}`,
      )
  }

  /** @throws when it ended or took too long */
  async ready(): Promise<Ready> {
    const timer = setTimeout(
      () => this.#ready.reject(new Error(`${this.#name} does not listen after ${startMsMax / 1_000} s`)),
      startMsMax,
    )
    try {
      return await this.#ready.promise
    } finally {
      clearTimeout(timer)
    }
  }

  async kill(): Promise<void> {
    if (!this.hasEnded) this.#child.kill('SIGKILL')
    await this.#exited
  }

  /** @throws when it did not end well */
  async stop(): Promise<void> {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), stopMsMax)
    this.#child.kill('SIGTERM')
    await this.#exited
    clearTimeout(timer)
    if (this.#child.exitCode !== 0)
      throw new Error(
        `${this.#name} did not stop in order (${this.#child.exitCode ?? this.#child.signalCode}): ${this.#errors}`,
      )
  }
}
