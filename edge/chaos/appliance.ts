import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { edgeNodeArguments, edgeNodeEnvironment } from '../server/node-arguments.mjs'
import { subjectWordSchema } from './subject/options.ts'
import type { SubjectOptions, SubjectWord } from './subject/options.ts'

const entry = fileURLToPath(new URL('./subject/main.ts', import.meta.url))
/** Its modules are compiled once for all lives: a start is what most of them consist of. */
const compileCache = fileURLToPath(new URL('./node_modules/.cache/modules', import.meta.url))

/** A start reads and checks the store; one that takes longer than this is stuck. */
const startMsMax = 60_000

/** The appliance under test, one life of its process. */
export class Appliance {
  readonly #child: ChildProcess
  readonly #exited: Promise<void>
  readonly #opened = Promise.withResolvers<{ readonly port: number; readonly found: string | null }>()
  readonly #inForce = Promise.withResolvers<{ readonly tookMs: number | null }>()
  readonly problems: (string | null)[] = []
  #errors = ''

  /** @param environment on top of this process' own: the shim, mostly */
  constructor(options: SubjectOptions, environment: Readonly<Record<string, string>> = {}) {
    this.#child = spawn(process.execPath, [...edgeNodeArguments, entry, JSON.stringify(options)], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...edgeNodeEnvironment(compileCache), ...environment },
    })
    // A harness that ends takes its appliance along; a write into the pipe of a killed one is no news.
    this.#child.stdin?.on('error', () => {})
    this.#child.stderr?.on(
      'data',
      (bytes: Buffer) => (this.#errors = `${this.#errors}${bytes.toString()}`.slice(-4_000)),
    )
    if (this.#child.stdout !== null)
      createInterface(this.#child.stdout).on('line', (text) => this.#hear(subjectWordSchema.parse(JSON.parse(text))))
    this.#exited = new Promise((resolve) => this.#child.once('exit', () => resolve()))
    const endedBefore = (what: string) =>
      new Error(`the appliance ended before ${what}: ${this.#errors || 'it said nothing'}`)
    void this.#exited.then(() => this.#opened.reject(endedBefore('it listened')))
    void this.#exited.then(() => this.#inForce.reject(endedBefore('all rules were in force')))
    // Whoever kills it while it starts never asks.
    for (const { promise } of [this.#opened, this.#inForce]) promise.catch(() => {})
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  get errors(): string {
    return this.#errors
  }

  /** Resolves with its port when it listens. @throws when it ended or took too long */
  async opened(): Promise<{ readonly port: number; readonly found: string | null }> {
    return within(this.#opened, 'the appliance does not listen')
  }

  /** Resolves when what is desired is in force, with how long that took since it listened; null: it was before. @throws as `opened` */
  async inForce(): Promise<{ readonly tookMs: number | null }> {
    return within(this.#inForce, 'not all rules are in force')
  }

  async kill(): Promise<void> {
    if (!this.hasEnded) this.#child.kill('SIGKILL')
    await this.#exited
  }

  /** Stops it in order. @throws when it did not end well */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM')
    await this.#exited
    if (this.#child.exitCode !== 0)
      throw new Error(
        `the appliance did not stop in order (${this.#child.exitCode ?? this.#child.signalCode}): ${this.#errors}`,
      )
  }

  #hear(word: SubjectWord): void {
    if ('port' in word) this.#opened.resolve(word)
    else if ('inForce' in word) this.#inForce.resolve(word.inForce)
    else this.problems.push(word.problem)
  }
}

async function within<Value>({ promise, reject }: PromiseWithResolvers<Value>, what: string): Promise<Value> {
  const timer = setTimeout(() => reject(new Error(`${what} after ${startMsMax / 1_000} s`)), startMsMax)
  try {
    return await promise
  } finally {
    clearTimeout(timer)
  }
}
