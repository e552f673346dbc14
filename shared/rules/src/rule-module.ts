import { moduleLimitNames, type RuleLimits } from './limits.ts'
import { webAssembly, type WasmMemory, type WasmModule } from './web-assembly.ts'

/** The exports of `crate/src/abi.rs`. Addresses and lengths are bytes, except in `*_room`, which count elements. */
interface ModuleExports {
  readonly memory: WasmMemory
  bytes_room(length: number): number
  cells_room(length: number): number
  plan_room(length: number): number
  start(limitCount: number): number
  compile(length: number, withFastPath: number): number
  report_address(): number
  report_length(): number
  has_fast_path(slot: number): number
  release(slot: number): void
  text_number(length: number): number
  text_address(number: number): number
  text_length(number: number): number
  text_bytes(): number
  texts_forget(): void
  evaluate(rows: number, width: number, planLength: number): number
  progress_address(): number
}

/** The module broke down in a call; this instance must not be used again. */
export class ModuleTrap extends Error {
  override name = 'ModuleTrap'
  readonly memoryExhausted: boolean
  /** The record that a rule was working on; undefined when no rule was. */
  readonly record: number | undefined

  constructor(memoryExhausted: boolean, record: number | undefined, cause: unknown) {
    super(memoryExhausted ? 'the rule module ran out of memory' : 'the rule module broke down', { cause })
    this.memoryExhausted = memoryExhausted
    this.record = record
  }
}

/** `NO_RECORD` in `crate/src/progress.rs`. */
const noRecord = 0xffff_ffff

/** 32-bit words of one record: see `crate/src/output.rs`. */
export const recordWords = 6

/** `NUMBERED` in `crate/src/output.rs`: in place of a length, the explanation is a text with a number. */
export const numberedText = 0xffff_ffff

/** One instance of the WebAssembly module with typed views of its memory. */
export class RuleModule {
  readonly exports: ModuleExports
  bytes: Uint8Array
  words: Uint32Array
  floats: Float64Array
  readonly #progressWord: number
  readonly #encoder = new TextEncoder()
  /** A text that begins with a byte order mark keeps it. */
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true })

  constructor(module: WasmModule, limits: RuleLimits, now: () => number) {
    const instance = new webAssembly.Instance(module, { env: { now_ms: now } })
    this.exports = instance.exports as unknown as ModuleExports
    const buffer = this.exports.memory.buffer
    this.bytes = new Uint8Array(buffer)
    this.words = new Uint32Array(buffer)
    this.floats = new Float64Array(buffer)
    const address = this.exports.plan_room(moduleLimitNames.length)
    this.refresh()
    this.words.set(
      moduleLimitNames.map((name) => limits[name]),
      address / 4,
    )
    if (this.exports.start(moduleLimitNames.length) !== 1) {
      throw new Error(
        'the rule module and its host do not belong together: build the module again (node shared/rules/build.ts)',
      )
    }
    this.#progressWord = this.exports.progress_address() / 4
    this.refresh()
  }

  /** Views are detached when the memory grows: to be called after every call that may allocate. */
  refresh(): void {
    const buffer = this.exports.memory.buffer
    if (this.bytes.buffer === buffer) return
    this.bytes = new Uint8Array(buffer)
    this.words = new Uint32Array(buffer)
    this.floats = new Float64Array(buffer)
  }

  /** The rule's slot, or -1. Throws ModuleTrap. */
  compile(request: Uint8Array, withFastPath: boolean): number {
    return this.#guarded(() => {
      const address = this.exports.bytes_room(request.length)
      this.refresh()
      this.bytes.set(request, address)
      return this.exports.compile(request.length, withFastPath ? 1 : 0)
    })
  }

  report(): Uint8Array {
    const address = this.exports.report_address()
    return this.bytes.slice(address, address + this.exports.report_length())
  }

  textNumber(text: string): number {
    return this.#guarded(() => {
      const roomNeeded = text.length * 3
      const address = this.exports.bytes_room(roomNeeded)
      this.refresh()
      const { written } = this.#encoder.encodeInto(text, this.bytes.subarray(address, address + roomNeeded))
      return this.exports.text_number(written)
    })
  }

  text(number: number): string {
    const address = this.exports.text_address(number)
    return this.decode(address, this.exports.text_length(number))
  }

  decode(address: number, length: number): string {
    return this.#decoder.decode(this.bytes.subarray(address, address + length))
  }

  /** Room for `count` 64-bit floats: an index into `floats`. */
  cellsRoom(count: number): number {
    const address = this.#guarded(() => this.exports.cells_room(count))
    return address / 8
  }

  writePlan(plan: Uint32Array): void {
    const address = this.#guarded(() => this.exports.plan_room(plan.length))
    this.words.set(plan, address / 4)
  }

  /** Throws ModuleTrap. */
  evaluate(rows: number, width: number, planLength: number): void {
    let answer: number
    try {
      answer = this.exports.evaluate(rows, width, planLength)
    } catch (cause) {
      throw this.#trap(cause)
    }
    this.refresh()
    if (answer !== 0) throw new Error(`the rule module refused a plan (${answer}); this is a mistake of the host`)
  }

  /** Index into `words` of the first record of the last evaluation. */
  get recordsWord(): number {
    return (this.words[this.#progressWord + 1] ?? 0) / 4
  }

  /** Address of the texts of the last evaluation's records. */
  get explanationsAddress(): number {
    return this.words[this.#progressWord + 2] ?? 0
  }

  /** How many bytes those texts have together. */
  get explanationsLength(): number {
    return this.words[this.#progressWord + 4] ?? 0
  }

  #guarded<T>(call: () => T): T {
    try {
      return call()
    } catch (cause) {
      throw this.#trap(cause)
    } finally {
      this.refresh()
    }
  }

  /** The module cannot be called any more; what it left in memory can be read. */
  #trap(cause: unknown): ModuleTrap {
    this.refresh()
    const [record = noRecord, , , memoryExhausted = 0] = this.words.subarray(this.#progressWord, this.#progressWord + 4)
    return new ModuleTrap(memoryExhausted !== 0, record === noRecord ? undefined : record, cause)
  }
}
