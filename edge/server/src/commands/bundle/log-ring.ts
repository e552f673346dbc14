export const logRingLimits = {
  /** What a person reads of a failure; some hours of an appliance that is well. */
  linesMax: 2_000,
  /** 4 KiB of a line: a stack trace in full. */
  lineLengthMax: 4_096,
  /** 2 MiB of all lines, however long they are: what it costs in memory for good. */
  lengthMax: 2 * 1024 * 1024,
} as const

/** The newest lines of the log, as they went out: what is redacted there is redacted here. */
export class LogRing {
  readonly #out: { write(line: string): unknown }
  #lines: string[] = []
  #length = 0
  /** Lines at the front that are gone; cut off now and then, since taking each from the front moves all others. */
  #gone = 0

  constructor(out: { write(line: string): unknown }) {
    this.#out = out
  }

  write(line: string): void {
    this.#out.write(line)
    const kept = line.length > logRingLimits.lineLengthMax ? `${beginning(line)}\n` : line
    this.#lines.push(kept)
    this.#length += kept.length
    while (this.#lines.length - this.#gone > logRingLimits.linesMax || this.#length > logRingLimits.lengthMax)
      this.#length -= this.#lines[this.#gone++]?.length ?? 0
    if (this.#gone < logRingLimits.linesMax) return
    this.#lines = this.#lines.slice(this.#gone)
    this.#gone = 0
  }

  text(): string {
    return this.#lines.slice(this.#gone).join('')
  }
}

/** Copied, since a part of a string keeps all of it in memory. */
const beginning = (line: string): string => Buffer.from(line.slice(0, logRingLimits.lineLengthMax)).toString()
