import { readFileSync, writeFileSync } from 'node:fs'
import { Client, Pool } from 'pg'
import { parseStatements } from '../platform/db/parsed.ts'
import type { ReleaseStatement } from '../platform/db/release-statements.ts'

// What the program asks of its database while the store suite runs, for `releases/VERSION.json`. What tests ask by themselves is not of the program.

/** Where a call comes from that only hands statements on. */
const passedOver =
  /node_modules|node:|platform\/db\/(?:database|transactions|statements|backend|stop-statement)\.ts|testing\/(?:record-)?statements\.ts/
const ofTests =
  /\.cases\.ts|\.test\.ts|-world\.ts|\/write-budgets\.ts|\/testing\/|platform\/db\/(?:migrations|migration-plan|outside-transaction|release-statements)\.ts/

export class StatementRecorder {
  readonly #asked = new Map<string, { role: ReleaseStatement['role']; text: string }>()
  readonly #roles = new WeakMap<object, ReleaseStatement['role']>()
  readonly #undo: (() => void)[] = []

  start(): void {
    this.#hook(Client.prototype, (client, text) => {
      const role = /^begin(?: read only)?; set local role (jidoka_app|jidoka_directory);/.exec(text)?.[1]
      if (role !== undefined) this.#roles.set(client, role as ReleaseStatement['role'])
      else if (/^(?:commit|rollback)\b/.test(text)) this.#roles.delete(client)
      else {
        const current = this.#roles.get(client)
        if (current !== undefined) this.#note(current, text)
      }
    })
    // Its callbacks do not know any more who asked.
    this.#hook(Object.getPrototypeOf(Pool.prototype) as object, (_, text) => this.#note('owner', text))
  }

  /** Stops, and writes what was asked, in an order that does not depend on the run. */
  async write(file: string, version: string): Promise<void> {
    for (const undo of this.#undo) undo()
    const statements: ReleaseStatement[] = []
    for (const { role, text } of this.#asked.values()) {
      // Of tables that a run makes and drops: no schema has them.
      if (/\bjidoka\.\w+_(?:y\d{4}|late_)/.test(text)) continue
      for (const { text: each, node } of await parseStatements(text))
        if (['SelectStmt', 'InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt'].some((kind) => kind in node))
          statements.push({ role, text: each })
    }
    // A page is asked of its months by their dates: what differs in these and in how many rows alone is one statement.
    const alike = new Map<string, ReleaseStatement>()
    for (const statement of statements.toSorted((a, b) => (a.text < b.text ? 1 : -1)))
      alike.set(`${statement.role} ${statement.text.replaceAll(/'\d{4}-\d\d-\d\d[^']*'|\blimit \d+/g, '?')}`, statement)
    if (statements.length === 0) throw new Error('nothing was recorded: look at why the tests did not run')
    const lines = [...alike.values()].map((statement) => JSON.stringify(statement)).sort()
    writeFileSync(file, `{\n"version": ${JSON.stringify(version)},\n"statements": [\n${lines.join(',\n')}\n]\n}\n`)
  }

  #note(role: ReleaseStatement['role'], text: string): void {
    const frames = (new Error('where').stack ?? '').split('\n').slice(1)
    const caller = frames.find((frame) => !passedOver.test(frame) && !frame.includes('<anonymous>'))
    if (caller !== undefined && !ofTests.test(caller)) this.#asked.set(`${role} ${text}`, { role, text })
  }

  #hook(prototype: object, heard: (self: object, text: string) => void): void {
    const descriptor = Object.getOwnPropertyDescriptor(prototype, 'query')
    const query: unknown = descriptor?.value
    if (descriptor === undefined || typeof query !== 'function') throw new TypeError('pg has a method "query"')
    Object.defineProperty(prototype, 'query', {
      ...descriptor,
      value(this: object, asked: unknown, ...more: unknown[]): unknown {
        heard(this, typeof asked === 'string' ? asked : ((asked as { text?: string } | undefined)?.text ?? ''))
        return Reflect.apply(query, this, [asked, ...more])
      },
    })
    this.#undo.push(() => void Object.defineProperty(prototype, 'query', descriptor))
  }
}

/** The version that the fixture is named after. */
export const versionNow = (): string =>
  (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }).version
