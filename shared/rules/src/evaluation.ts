import type { CompiledRule } from './compiled-rule.ts'
import type { RowBatch } from './row-batch.ts'
import { ExplanationReader } from './explanation-reader.ts'
import { ModuleTrap, numberedText, recordWords, type RuleModule } from './rule-module.ts'
import { runErrorKind, stoppedError, type OutcomeSink, type RuleRunError } from './rule-outcome.ts'
import type { RuleSet } from './rule-set.ts'
import type { TextTable } from './text-table.ts'

/** Records (24 bytes) and cells (8 bytes) of one call into the module: bounds the memory that a call takes to 4 MB. */
const recordsPerCallMax = 65_536
const cellsPerCallMax = 262_144

/** Breakdowns of one rule in one evaluation before its other rows are not tried: each costs a new instance. */
const trapsPerRuleMax = 2

export interface EngineAccess {
  module(): RuleModule
  texts(): TextTable
  replaceModule(): void
  prepare(set: RuleSet): void
}

/** Rules [firstRule, endRule) over rows [firstRow, endRow). */
interface Part {
  readonly firstRule: number
  readonly endRule: number
  readonly firstRow: number
  readonly endRow: number
}

/** One evaluation: cuts it into calls of bounded size and puts it together again around rows that break the module down. */
export class Evaluation {
  readonly #engine: EngineAccess
  readonly #set: RuleSet
  readonly #batch: RowBatch
  readonly #sink: OutcomeSink
  readonly #traps = new Map<CompiledRule, number>()

  constructor(engine: EngineAccess, set: RuleSet, batch: RowBatch, sink: OutcomeSink) {
    this.#engine = engine
    this.#set = set
    this.#batch = batch
    this.#sink = sink
  }

  run(): void {
    const { rules, shape } = this.#set
    const rows = this.#batch.rowCount
    const rowsPerCall = Math.max(1, Math.min(recordsPerCallMax, Math.floor(cellsPerCallMax / shape.width)))
    if (rows <= rowsPerCall) {
      const rulesPerCall = Math.max(1, Math.floor(recordsPerCallMax / rows))
      for (let firstRule = 0; firstRule < rules.length; firstRule += rulesPerCall) {
        const endRule = Math.min(rules.length, firstRule + rulesPerCall)
        this.#part({ firstRule, endRule, firstRow: 0, endRow: rows })
      }
      return
    }
    for (let rule = 0; rule < rules.length; rule++) {
      for (let firstRow = 0; firstRow < rows; firstRow += rowsPerCall) {
        const endRow = Math.min(rows, firstRow + rowsPerCall)
        this.#part({ firstRule: rule, endRule: rule + 1, firstRow, endRow })
      }
    }
  }

  #part(part: Part, isSecondTry = false): void {
    if (part.firstRule >= part.endRule || part.firstRow >= part.endRow) return
    const trap = this.#call(part)
    if (trap === undefined) return this.#read(part)
    this.#engine.replaceModule()
    if (trap.record !== undefined) return this.#around(part, trap, trap.record)
    // No rule's doing: the memory was used up while the call was prepared. A new instance has room, unless the rules alone
    // are too large for it.
    if (isSecondTry) throw new Error('the rules do not fit into one engine: spread them over several', { cause: trap })
    this.#part(part, true)
  }

  /**
   * The module broke down. Rules judge the same row the same way each time, so what came before the offending row is judged
   * again in the new instance, and what comes after it follows.
   */
  #around(part: Part, trap: ModuleTrap, record: number): void {
    const rows = part.endRow - part.firstRow
    const ruleIndex = part.firstRule + Math.floor(record / rows)
    const row = part.firstRow + (record % rows)
    const rule = this.#set.rules[ruleIndex]
    if (rule === undefined) throw new Error('the rule module broke down outside of a rule', { cause: trap })
    const traps = (this.#traps.get(rule) ?? 0) + 1
    this.#traps.set(rule, traps)
    this.#part({ ...part, endRule: ruleIndex })
    this.#part({ firstRule: ruleIndex, endRule: ruleIndex + 1, firstRow: part.firstRow, endRow: row })
    this.#sink.error(row, rule, trapError(trap))
    if (traps < trapsPerRuleMax) {
      this.#part({ firstRule: ruleIndex, endRule: ruleIndex + 1, firstRow: row + 1, endRow: part.endRow })
    } else {
      for (let stopped = row + 1; stopped < part.endRow; stopped++) this.#sink.error(stopped, rule, stoppedError)
    }
    this.#part({ ...part, firstRule: ruleIndex + 1 })
  }

  /** Lets the module judge a part; its trap if it broke down. */
  #call(part: Part): ModuleTrap | undefined {
    try {
      this.#judge(part)
      return undefined
    } catch (error) {
      if (error instanceof ModuleTrap) return error
      throw error
    }
  }

  #judge(part: Part): void {
    this.#engine.prepare(this.#set)
    const module = this.#engine.module()
    const { plan, planOffsets, shape } = this.#set
    const { width } = shape
    const partPlan = plan.subarray(planOffsets[part.firstRule], planOffsets[part.endRule])
    const rows = part.endRow - part.firstRow
    // Numbers first: a text that is new to the module may make its memory grow and move the cells.
    const numbers = shape.textColumns.length > 0 ? this.#engine.texts().numbersOf(this.#batch) : undefined
    module.writePlan(partPlan)
    const at = module.cellsRoom(rows * width)
    const { floats } = module
    const { cells } = this.#batch
    floats.set(cells.subarray(part.firstRow * width, part.endRow * width), at)
    if (numbers !== undefined) {
      const end = at + rows * width
      for (const column of shape.textColumns) {
        for (let index = at + column; index < end; index += width) {
          floats[index] = numbers[floats[index] ?? 0] ?? 0
        }
      }
    }
    module.evaluate(rows, width, partPlan.length)
  }

  #read(part: Part): void {
    const module = this.#engine.module()
    const texts = this.#engine.texts()
    const sink = this.#sink
    const { rules } = this.#set
    const { words, floats, recordsWord, explanationsAddress, explanationsLength } = module
    const explanations = new ExplanationReader(module, explanationsAddress, explanationsLength)
    let word = recordsWord
    for (let index = part.firstRule; index < part.endRule; index++) {
      const rule = rules[index]
      if (rule === undefined) return
      for (let row = part.firstRow; row < part.endRow; row++, word += recordWords) {
        const code = words[word] ?? 0
        const second = words[word + 1] ?? 0
        const number = floats[(word + 2) >>> 1] ?? 0
        const length = words[word + 5] ?? 0
        let text: string | undefined
        if (length !== 0) {
          const place = words[word + 4] ?? 0
          text = length === numberedText ? texts.text(place) : explanations.read(place, length)
        }
        if (code === 0) sink.verdict(row, rule, texts.text(second), number, text)
        else sink.error(row, rule, runError(code, second, number, text))
      }
    }
  }
}

function runError(code: number, line: number, column: number, message: string | undefined): RuleRunError {
  const kind = runErrorKind(code)
  return kind === 'stopped' ? stoppedError : { kind, message: message ?? '', line, column }
}

function trapError(trap: ModuleTrap): RuleRunError {
  if (trap.memoryExhausted) {
    return { kind: 'memory', message: 'the rule took more memory than there is for rules', line: 0, column: 0 }
  }
  return {
    kind: 'trap',
    message: 'the rule broke the interpreter down: is there a recursion without an end?',
    line: 0,
    column: 0,
  }
}
