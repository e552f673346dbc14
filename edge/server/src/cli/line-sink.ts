import { closeSync, openSync, writeSync } from 'node:fs'
import type { CommandContext } from './command.ts'

/** Characters gathered before they are written: a system call a line would make an export ten times as slow. */
const gatheredMax = 64 * 1024

/** Lines to a file or to the command's output. A reader that is slow slows the export down, and nothing piles up. */
export class LineSink {
  readonly #context: CommandContext
  readonly #file: number | null
  #text = ''
  /** Lines written so far. */
  count = 0

  /** @param file path of a new file; an existing one is written over. Undefined: the command's output. */
  constructor(context: CommandContext, file: string | undefined) {
    this.#context = context
    this.#file = file === undefined ? null : openSync(file, 'w')
  }

  /** Resolves at once while there is room. */
  line(text: string): Promise<void> | undefined {
    this.#text = this.#text === '' ? text : `${this.#text}\n${text}`
    this.count++
    return this.#text.length < gatheredMax ? undefined : this.#flush()
  }

  async close(): Promise<void> {
    await this.#flush()
    if (this.#file !== null) closeSync(this.#file)
  }

  async #flush(): Promise<void> {
    if (this.#text === '') return
    const text = this.#text
    this.#text = ''
    if (this.#file === null) {
      this.#context.out(text)
      await this.#context.drained?.()
    } else writeAll(this.#file, Buffer.from(`${text}\n`))
  }
}

function writeAll(file: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at)
}
