import { readReport, type CompileErrorKind, type RuleCompileError } from './compile-problem.ts'
import { compileRequest } from './compile-request.ts'
import { CompiledRule, type CompileOutcome } from './compiled-rule.ts'
import { Evaluation } from './evaluation.ts'
import { withLimits, type RuleLimits } from './limits.ts'
import { RowBatch, type RowShape } from './row-batch.ts'
import { ruleHash } from './rule-hash.ts'
import { ModuleTrap, RuleModule } from './rule-module.ts'
import type { OutcomeSink, RowOutcome } from './rule-outcome.ts'
import { RuleSet } from './rule-set.ts'
import { declarationMistake, type RuleSource } from './rule-source.ts'
import { TextTable, textBytesKept } from './text-table.ts'
import { webAssembly, type WasmModule } from './web-assembly.ts'

export interface RuleEngineOptions {
  readonly limits?: Partial<RuleLimits>
  /** Milliseconds from any origin, never going back; for the time limit only. Default: `performance.now`. */
  readonly now?: () => number
  /** False: every row is judged by Rhai. For comparing, not for speed. */
  readonly fastPath?: boolean
}

/** Bytes of the module, or the module compiled from them. */
export type RuleModuleSource = Uint8Array<ArrayBuffer> | ArrayBuffer | WasmModule

/**
 * Compiles rules and judges rows with them, all in memory, no I/O; one engine a thread, not re-entrant.
 * A rule that breaks the module down costs it an instance and that row a verdict, and nobody else anything.
 */
export class RuleEngine {
  readonly limits: RuleLimits
  readonly #code: WasmModule
  readonly #now: () => number
  readonly #fastPath: boolean
  #module: RuleModule
  #texts: TextTable
  /** Counts instances of the module: a rule compiled in an earlier one is compiled again when it is needed. */
  #instance = 0
  #drops = 0
  #ruleCount = 0
  #isBusy = false
  readonly #sets = new WeakMap<RowShape, WeakMap<CompiledRule, RuleSet>>()
  #lastSet: RuleSet | undefined

  /** Compiles the module's bytes at once (35 ms); browsers want `RuleEngine.load` outside of workers. */
  static create(source: RuleModuleSource, options: RuleEngineOptions = {}): RuleEngine {
    return new RuleEngine(isBytes(source) ? new webAssembly.Module(source) : source, options)
  }

  /** The same without blocking; takes a fetch's response too. */
  static async load(source: RuleModuleSource | Response, options: RuleEngineOptions = {}): Promise<RuleEngine> {
    const given = source instanceof Response ? await source.arrayBuffer() : source
    return new RuleEngine(isBytes(given) ? await webAssembly.compile(given) : given, options)
  }

  private constructor(code: WasmModule, options: RuleEngineOptions) {
    this.limits = withLimits(options.limits ?? {})
    this.#code = code
    this.#now = options.now ?? (() => performance.now())
    this.#fastPath = options.fastPath ?? true
    this.#module = new RuleModule(this.#code, this.limits, this.#now)
    this.#texts = new TextTable(this.#module)
  }

  /** Rules that are compiled and not dropped. */
  get ruleCount(): number {
    return this.#ruleCount
  }

  /** Bytes of the module's memory; it grows up to 64 MB and never shrinks. */
  get memoryBytes(): number {
    return this.#module.exports.memory.buffer.byteLength
  }

  /** How often the module broke down and was replaced. */
  get trapCount(): number {
    return this.#instance
  }

  /** Compiles a rule, within a second for the worst source that the limits allow. Never throws for what the rule says. */
  compile(rule: RuleSource): CompileOutcome {
    const mistake = declarationMistake(rule)
    if (mistake !== undefined) return failed('declaration', mistake)
    if (this.#ruleCount >= this.limits.rulesMax) {
      return failed('limit', `the engine holds ${this.#ruleCount} rules, which is its limit; drop some`)
    }
    let slot: number
    try {
      slot = this.#module.compile(compileRequest(rule), this.#fastPath)
    } catch (error) {
      if (!(error instanceof ModuleTrap)) throw error
      this.#replaceModule()
      return failed('trap', `${error.message} while it compiled the rule: simplify it`)
    }
    const { errors, warnings } = readReport(this.#module.report())
    if (slot < 0) {
      const [error] = errors
      if (error === undefined) throw new Error('the rule module refused a rule and gave no reason')
      return { ok: false, error, errors }
    }
    const fastPath = this.#module.exports.has_fast_path(slot) !== 0
    this.#ruleCount += 1
    const place = { slot, instance: this.#instance }
    return { ok: true, rule: new CompiledRule(rule, ruleHash(rule), fastPath, warnings, place) }
  }

  /** Gives a rule back. A rule that is dropped cannot judge any more; dropping it twice does nothing. */
  drop(rule: CompiledRule): void {
    if (rule.isDropped) return
    if (rule.place.instance === this.#instance) this.#module.exports.release(rule.place.slot)
    rule.place.slot = -1
    this.#ruleCount -= 1
    this.#drops += 1
  }

  /** Rules that judge batches of one shape in one call. Throws a RangeError when a rule's field is not in the shape. */
  ruleSet(rules: readonly CompiledRule[], shape: RowShape): RuleSet {
    return new RuleSet(rules, shape)
  }

  /**
   * Judges every row of the batch with the rule, or with every rule of the set: one outcome to the sink for each.
   * Throws a RangeError for a batch with an unfinished row or of another shape, or a rule that was dropped.
   */
  evaluate(target: CompiledRule | RuleSet, batch: RowBatch, sink: OutcomeSink): void {
    if (this.#isBusy) throw new Error('the engine judges already: a sink must not call it')
    if (batch.isInsideRow) throw new RangeError('the last row of the batch is not complete')
    const set = target instanceof RuleSet ? target : this.#setOf(target, batch.shape)
    if (set.shape !== batch.shape) throw new RangeError('the batch has another shape than the set of rules')
    if (batch.length === 0 || set.rules.length === 0) return
    this.#isBusy = true
    try {
      this.#boundTexts()
      new Evaluation(this.#access, set, batch, sink).run()
    } finally {
      this.#isBusy = false
    }
  }

  /** The same, with the outcomes as objects: for one rule, in the order of the rows. */
  outcomes(rule: CompiledRule, batch: RowBatch): RowOutcome[] {
    const outcomes: RowOutcome[] = []
    this.evaluate(rule, batch, {
      verdict: (_row, _rule, status, confidence, explanation) => {
        const verdict = explanation === undefined ? { status, confidence } : { status, confidence, explanation }
        outcomes.push({ kind: 'verdict', verdict })
      },
      error: (_row, _rule, error) => outcomes.push({ kind: 'error', error }),
    })
    return outcomes
  }

  /** Judges one row given as an object. Throws RowRefusedError when a field is missing, not finite or of another kind. */
  judge(rule: CompiledRule, row: Readonly<Record<string, unknown>>): RowOutcome {
    const batch = new RowBatch(rule.shape, { rowsHint: 1, textBytesMax: this.limits.textBytesMax })
    batch.pushRow(row)
    const [outcome] = this.outcomes(rule, batch)
    if (outcome === undefined) throw new Error('the rule module gave no outcome for a row')
    return outcome
  }

  /** What an evaluation needs of the engine. */
  readonly #access = {
    module: (): RuleModule => this.#module,
    texts: (): TextTable => this.#texts,
    replaceModule: (): void => this.#replaceModule(),
    prepare: (set: RuleSet): void => this.#prepare(set),
  }

  #setOf(rule: CompiledRule, shape: RowShape): RuleSet {
    if (this.#lastSet?.shape === shape && this.#lastSet.rules[0] === rule) return this.#lastSet
    let ofShape = this.#sets.get(shape)
    if (ofShape === undefined) {
      ofShape = new WeakMap()
      this.#sets.set(shape, ofShape)
    }
    let set = ofShape.get(rule)
    if (set === undefined) {
      set = new RuleSet([rule], shape)
      ofShape.set(rule, set)
    }
    this.#lastSet = set
    return set
  }

  /** Puts the rules' slots into the plan, compiling again what another instance held. Throws ModuleTrap. */
  #prepare(set: RuleSet): void {
    if (set.validFor.instance === this.#instance && set.validFor.drops === this.#drops) return
    for (const [index, rule] of set.rules.entries()) {
      if (rule.isDropped) throw new RangeError('a rule of the set was dropped; make the set again without it')
      if (rule.place.instance !== this.#instance) this.#compileAgain(rule)
      set.plan[set.planOffsets[index] ?? 0] = rule.place.slot
    }
    set.validFor = { instance: this.#instance, drops: this.#drops }
  }

  #compileAgain(rule: CompiledRule): void {
    const slot = this.#module.compile(compileRequest(rule.source), this.#fastPath)
    if (slot < 0) throw new Error(`the rule ${rule.hash} compiled once and does not now`)
    rule.place.slot = slot
    rule.place.instance = this.#instance
  }

  #replaceModule(): void {
    this.#module = new RuleModule(this.#code, this.limits, this.#now)
    this.#texts = new TextTable(this.#module)
    this.#instance += 1
  }

  #boundTexts(): void {
    if (this.#module.exports.text_bytes() <= textBytesKept) return
    this.#module.exports.texts_forget()
    this.#texts = new TextTable(this.#module)
  }
}

function isBytes(source: RuleModuleSource): source is Uint8Array<ArrayBuffer> | ArrayBuffer {
  return source instanceof Uint8Array || source instanceof ArrayBuffer
}

function failed(kind: CompileErrorKind, message: string): CompileOutcome {
  const error: RuleCompileError = { kind, message, line: 0, column: 0 }
  return { ok: false, error, errors: [error] }
}
