import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ManualClock } from '@jidoka/base'
import { ruleDefinitionSchema } from '@jidoka/domain'
import type { DesiredItem, FactoryEvent, JournalRecord, RuleDefinition } from '@jidoka/domain'
import { RuleEngine } from '@jidoka/rules'
import { loadRuleModule } from '@jidoka/rules/node'
import Sqlite from 'better-sqlite3'
import { RuleRunner } from '../judge/rule-runner.ts'
import type { Committed, Inbound, JournalReader } from '../ports.ts'
import type { z } from 'zod'
import { journalFile } from '../store/database.ts'
import type { Database } from '../store/database.ts'
import { openReader } from '../store/journal-reader.ts'
import type { Command, CommandAnswers } from './commands.ts'
import { FlightWriter } from './flight.ts'
import { Journal } from './journal.ts'

/** For tests: the real journal, rule engine and files, in this thread and with a clock that is turned by hand. */
const ruleModule = loadRuleModule()
// Without time: on a busy machine a rule without an end would now and then meet the limit of time before that of operations.
export const newRunner = (): RuleRunner => new RuleRunner(RuleEngine.create(ruleModule, { now: () => 0 }))

export const newFolder = (): string => mkdtempSync(join(tmpdir(), 'jidoka-edge-'))
export const removeFolder = (folder: string): void => rmSync(folder, { recursive: true, force: true })

export class TestJournal {
  readonly folder: string
  readonly clock = new ManualClock()
  readonly committed: Committed[] = []
  journal: Journal
  #flights = new FlightWriter()

  constructor(folder = newFolder()) {
    this.folder = folder
    this.journal = this.#open()
  }

  #open(): Journal {
    return new Journal({ dataFolder: this.folder, tenantId: 'acme', clock: this.clock, runner: newRunner() })
  }

  /** The file itself, for a test that changes what another program would have written. */
  edit(): Database {
    return new Sqlite(journalFile(this.folder))
  }

  reopen(): void {
    this.journal = this.#open()
  }

  /** As after a stop, in order or not. */
  restart({ inOrder = true, stoppedS = 0 } = {}): void {
    if (inOrder) this.journal.close()
    else this.journal.abandon()
    this.clock.advance(stoppedS * 1_000)
    this.#flights = new FlightWriter()
    this.journal = this.#open()
  }

  /** Stores messages in one commit; a number is short for a reference payload of LINE-A/PRESS-1/temperature taken now. */
  send(...messages: (number | Partial<Inbound>)[]): Committed {
    return this.sendAndCommand(messages)
  }

  sendAndCommand(messages: readonly (number | Partial<Inbound>)[], ...commands: Command[]): Committed {
    for (const message of messages) {
      this.#flights.add({
        topic: 'sensor/LINE-A/PRESS-1/temperature',
        source: 'press-1',
        qos: 1,
        payload: Buffer.from(typeof message === 'number' ? this.payload(message) : ''),
        ...(typeof message === 'number' ? {} : message),
      })
    }
    const { committed } = this.journal.apply(this.#flights.take(), commands)
    if (committed === null) throw new Error('nothing was committed')
    this.committed.push(committed)
    return committed
  }

  payload(value: number | string | boolean, more: Record<string, unknown> = {}): string {
    return JSON.stringify({
      tenant_id: 'acme',
      value,
      unit: 'C',
      timestamp: new Date(this.clock.nowMs()).toISOString(),
      ...more,
    })
  }

  command<Kind extends Command['kind']>(command: Extract<Command, { kind: Kind }>): CommandAnswers[Kind] {
    const { committed, answers } = this.journal.apply(null, [command])
    if (committed !== null) this.committed.push(committed)
    return answers[0] as CommandAnswers[Kind]
  }

  deploy(...rules: RuleDefinition[]) {
    return this.desire(
      ...rules.map((body): DesiredItem => ({ kind: 'rule', key: body.id, version: body.version, body })),
    )
  }

  desire(...upserts: DesiredItem[]) {
    return this.command({
      kind: 'apply_desired',
      change: { upserts, removals: [], replaceAll: false, position: { handle: 'h', offset: '1' } },
    })
  }

  events(...events: FactoryEvent[]) {
    return this.command({ kind: 'record_events', events, position: { connector: 'mes', position: '1' } })
  }

  /** Lets time pass with a sweep each second. */
  pass(seconds: number): Committed[] {
    const swept: Committed[] = []
    for (let second = 0; second < seconds; second++) {
      this.clock.advance(1_000)
      const committed = this.journal.sweep()
      if (committed !== null) swept.push(committed)
    }
    return swept
  }

  read<Answer>(look: (reader: JournalReader) => Answer): Answer {
    const reader = openReader({ dataFolder: this.folder })
    try {
      return look(reader)
    } finally {
      reader.close()
    }
  }

  records(): JournalRecord[] {
    return this.read((reader) => reader.recordLines(1, Infinity).map(({ line }) => JSON.parse(line) as JournalRecord))
  }

  close(): void {
    this.journal.close()
    removeFolder(this.folder)
  }
}

const name = { ko: '이름', en: 'Name' }

/** A rule over one sensor with a limit of 80. */
export function hotRule(change: Partial<z.input<typeof ruleDefinitionSchema>> = {}): RuleDefinition {
  return ruleDefinitionSchema.parse({
    id: 'hot',
    version: 1,
    name,
    trigger: { on: 'reading', sensor: 'temperature' },
    inputs: [{ name: 'value', from: 'trigger', kind: 'number', max_age_s: 60 }],
    parameters: { high: { value: 80, name } },
    script:
      'if input.value > params.high { verdict("HIGH", 0.95, `${input.value} > ${params.high}`) } else { verdict("NORMAL", 0.8) }',
    alarms: { HIGH: 'high' },
    examples: [
      { input: { value: 90 }, status: 'HIGH' },
      { input: { value: 20 }, status: 'NORMAL' },
    ],
    ...change,
  })
}

export function productionCount(change: Partial<FactoryEvent & { type: 'production_count' }> = {}): FactoryEvent {
  return {
    type: 'production_count',
    source: 'mes',
    source_key: 'count-1',
    line: 'LINE-A',
    occurred_at_ms: Date.UTC(2026, 0, 1),
    lot: 'LOT-1',
    production_count: 100,
    defect_count: 2,
    ...change,
  }
}
