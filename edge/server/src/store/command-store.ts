import type { Command, CommandState } from '@jidoka/domain'
import type { CommandOutcome, StoredCommand } from '../ports.ts'
import type { Database } from './database.ts'

interface CommandRow {
  readonly id: string
  readonly version: number
  readonly body: string
  readonly state: CommandState
  readonly problem: string | null
  readonly result: string | null
  readonly changed_ms: number
}

export const commandStoreLimits = {
  /** Ended commands that are remembered: a person lists some hundred at most, and 64 KiB of rule in each would be 64 MB. */
  endedMax: 1_000,
  /** One that ran out so long ago may be forgotten: were it to come again, it would be as expired as before. */
  forgottenAfterMs: 30 * 86_400_000,
} as const

/** From which state a command may come to another one. */
const before: Readonly<Record<CommandOutcome['state'] | 'started', CommandState>> = {
  started: 'accepted',
  expired: 'accepted',
  done: 'started',
  failed: 'started',
  interrupted: 'started',
}

/** The table of commands, on the journal's thread. Every method that writes belongs inside a commit. */
export class CommandStore {
  readonly #statements

  constructor(database: Database) {
    this.#statements = {
      get: database.prepare<[string], CommandRow>(`select ${columns} from commands where id = ?`),
      insert: database.prepare(
        "insert into commands (id, version, body, state, changed_ms) values (?, ?, ?, 'accepted', ?)",
      ),
      version: database.prepare('update commands set version = ? where id = ? and version < ?'),
      move: database.prepare(
        'update commands set state = ?, problem = ?, result = ?, changed_ms = ? where id = ? and state = ?',
      ),
      forget: database.prepare<[number, number], { id: string }>(
        `delete from commands where state not in ('accepted', 'started')
           and no <= (select no from commands order by no desc limit 1 offset ?)
           and json_extract(body, '$.expires_at_ms') < ?
           and not exists (select 1 from desired_items where kind = 'command' and key = commands.id)
         returning id`,
      ),
    }
  }

  get(id: string): StoredCommand | null {
    const row = this.#statements.get.get(id)
    return row === undefined ? null : commandOf(row)
  }

  /** A command that is known stays what it was, whatever comes under its id. */
  arrive(id: string, version: number, command: Command, nowMs: number): StoredCommand {
    const { insert, version: raise } = this.#statements
    if (this.get(id) === null) insert.run(id, version, JSON.stringify(command), nowMs)
    else raise.run(version, id, version)
    return this.get(id) as StoredCommand
  }

  /** Null when the command is not in a state for it. */
  move(
    id: string,
    to: Omit<CommandOutcome, 'state'> & { readonly state: CommandOutcome['state'] | 'started' },
    nowMs: number,
  ): StoredCommand | null {
    const result = to.result === null ? null : JSON.stringify(to.result)
    const { changes } = this.#statements.move.run(to.state, to.problem, result, nowMs, id, before[to.state])
    return changes === 1 ? this.get(id) : null
  }

  /** Ids of old ones that were forgotten. */
  forget(nowMs: number): readonly string[] {
    const { endedMax, forgottenAfterMs } = commandStoreLimits
    return this.#statements.forget.all(endedMax, nowMs - forgottenAfterMs).map(({ id }) => id)
  }
}

const columns = 'id, version, body, state, problem, result, changed_ms'

/** The newest that are held, oldest arrival first. */
export function readCommands(database: Database, limit: number): readonly StoredCommand[] {
  return database
    .prepare<[number], CommandRow>(`select ${columns} from commands order by no desc limit ?`)
    .all(limit)
    .toReversed()
    .map(commandOf)
}

/** Those that have not ended, oldest arrival first. */
export function readOpenCommands(database: Database): readonly StoredCommand[] {
  return database
    .prepare<[], CommandRow>(`select ${columns} from commands where state in ('accepted', 'started') order by no`)
    .all()
    .map(commandOf)
}

function commandOf(row: CommandRow): StoredCommand {
  const { id, version, state, problem, changed_ms: changedMs } = row
  return {
    id,
    version,
    command: JSON.parse(row.body) as Command,
    state,
    problem,
    result: row.result === null ? null : (JSON.parse(row.result) as StoredCommand['result']),
    changedMs,
  }
}
