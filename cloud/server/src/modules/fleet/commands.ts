import { canonicalJson } from '@jidoka/base'
import type { EdgeCommand } from '@jidoka/contract'
import { commandSchema } from '@jidoka/domain'
import type { Command } from '@jidoka/domain'
import type { Transaction } from '../../platform/db/database.ts'
import { ProblemError } from '../../platform/http/problem.ts'
import { dropBundlesBefore, listBundles, readBundle, writeBundle } from './bundles-repository.ts'
import type { BundleName } from './bundles-repository.ts'
import { commandLimits } from './command-limits.ts'
import type { CommandRow, CommandStanding } from './commands-repository.ts'
import {
  countOpenCommands,
  dropReportsOfForgotten,
  findCommand,
  isOpen,
  listCommands,
  oldCommands,
  stateOfReport,
} from './commands-repository.ts'
import { DesiredState } from './desired.ts'
import type { DesiredParts } from './desired.ts'
import { findDesired } from './desired-repository.ts'
import type { EdgeIdentity } from './edge-identity.ts'
import { findEdge, lockEdge } from './repository.ts'

export interface NewCommand {
  readonly id: string
  readonly what: Command['what']
  readonly valid_min: number
}

const noSuchEdge = () =>
  new ProblemError('not_found', 'There is no such edge, or it was revoked. Choose one from the list of edges.')
const noSuchCommand = () => new ProblemError('not_found', 'This edge has no such command. Reload the list.')

/** Commands to edges: part of their desired state under an id of their own, that expires and is never run twice. */
export class Commands {
  readonly #parts: DesiredParts
  readonly #desired: DesiredState

  constructor(parts: DesiredParts) {
    this.#parts = parts
    this.#desired = new DesiredState(parts)
  }

  /**
   * Gives a command. The same id with the same words again is the same command and changes nothing.
   * @throws ProblemError `not_found`, `conflict`, `invalid_input`, `rule_refused`
   */
  issue(tenantId: string, edgeId: string, command: NewCommand, by: string): Promise<EdgeCommand> {
    checkStretch(command.what)
    if (command.what.name === 'rehearsal') this.#parts.judgment().checkRule(command.what.rule)
    const { database, clock } = this.#parts
    return database.withTenant(tenantId, async (tx) => {
      // Two at once with one id, or with the last free place, go one after the other.
      const edge = await lockEdge(tx, edgeId)
      if (edge === null || edge.revoked_at !== null) throw noSuchEdge()
      const before = await findDesired(tx, edgeId, 'command', command.id)
      if (before !== null) {
        const said = commandSchema.parse(before.body)
        if (canonicalJson(said.what) !== canonicalJson(command.what))
          throw new ProblemError('conflict', 'This id was given to another command. Make a new id for this one.')
        if (before.deleted)
          throw new ProblemError('conflict', 'This command was taken back. Make a new id to give it once more.')
        return this.#find(tx, edgeId, command.id)
      }
      const nowMs = clock.nowMs()
      const openCount = await countOpenCommands(tx, edgeId, nowMs)
      if (openCount >= commandLimits.openMax)
        throw new ProblemError(
          'conflict',
          `${openCount} commands of this edge are not done yet. Wait for them, or take some back.`,
        )
      const body: Command = {
        issued_by: by,
        issued_at_ms: nowMs,
        expires_at_ms: nowMs + command.valid_min * 60_000,
        what: command.what,
      }
      await this.#desired.put(tx, { edgeId, kind: 'command', key: command.id }, body, by)
      return this.#find(tx, edgeId, command.id)
    })
  }

  /** The newest first, those taken back left out. @throws ProblemError `not_found` */
  list(tenantId: string, edgeId: string): Promise<EdgeCommand[]> {
    return this.#parts.database.withTenant(tenantId, async (tx) => {
      if ((await findEdge(tx, edgeId)) === null) throw noSuchEdge()
      const bundles = await listBundles(tx, edgeId)
      const nowMs = this.#parts.clock.nowMs()
      return (await listCommands(tx, edgeId, nowMs)).map((row) => viewOf(row, nowMs, bundles))
    })
  }

  /** Takes a command back: an edge that has not heard of it never will; one that has begun goes on. @throws ProblemError `not_found` */
  withdraw(tenantId: string, { edgeId, commandId }: BundleName, by: string): Promise<void> {
    const { database } = this.#parts
    return database.withTenant(tenantId, (tx) =>
      this.#desired.remove(tx, { edgeId, kind: 'command', key: commandId }, by),
    )
  }

  /** What a command of this edge has made; the same again takes its place. @throws ProblemError `not_found`, `conflict`, `invalid_input` */
  receiveBundle({ tenantId, edgeId }: EdgeIdentity, commandId: string, body: Uint8Array): Promise<void> {
    if (body[0] !== 0x1f || body[1] !== 0x8b)
      throw new ProblemError('invalid_input', 'A bundle is a .tar.gz file, and this is none. Make it anew.')
    const { database, clock } = this.#parts
    return database.withTenant(tenantId, async (tx) => {
      const row = await findCommand(tx, edgeId, commandId)
      if (row === null || row.deleted) throw noSuchCommand()
      if (commandSchema.parse(row.body).what.name !== 'support_bundle')
        throw new ProblemError('conflict', 'This command makes no bundle. Nothing is to be sent for it.')
      const nowMs = clock.nowMs()
      const state = row.reported?.state
      if (state !== undefined && !isOpen(stateOfReport(state)))
        throw new ProblemError('conflict', `This command is ${state} already. Issue a new one to fetch a new bundle.`)
      if (nowMs > commandSchema.parse(row.body).expires_at_ms + commandLimits.bundleGraceMs)
        throw new ProblemError('conflict', 'This command has expired. Issue a new one to fetch a bundle.')
      await writeBundle(tx, { edgeId, commandId }, body, new Date(nowMs).toISOString())
    })
  }

  /** @throws ProblemError `not_found` */
  async bundle(tenantId: string, name: BundleName, by: string): Promise<Buffer> {
    const { database, audit } = this.#parts
    return database.withTenant(tenantId, async (tx) => {
      const body = await readBundle(tx, name)
      if (body === null)
        throw new ProblemError(
          'not_found',
          'There is no bundle of this command: it has not come yet, or it is older than 30 days. Issue a new command.',
        )
      await audit.append(tx, {
        actor: by,
        action: 'bundle.read',
        subject: `${name.edgeId}/${name.commandId}`,
        detail: {},
      })
      return body
    })
  }

  /** Forgets bundles and commands after 30 days, so that an edge that fetches everything again does not get years of them. */
  tidy(tenantId: string): Promise<void> {
    const { database, clock } = this.#parts
    return database.withTenant(tenantId, async (tx) => {
      const beforeMs = clock.nowMs() - commandLimits.keptMs
      await dropBundlesBefore(tx, new Date(beforeMs).toISOString())
      for (const { edge_id: edgeId, key } of await oldCommands(tx, beforeMs, commandLimits.tidiedAtOnceMax))
        await this.#desired.forget(tx, { edgeId, kind: 'command', key }, 'system')
      await dropReportsOfForgotten(tx)
    })
  }

  async #find(tx: Transaction, edgeId: string, commandId: string): Promise<EdgeCommand> {
    const row = await findCommand(tx, edgeId, commandId)
    if (row === null) throw new Error('a command that was just written is not there')
    return viewOf(row, this.#parts.clock.nowMs(), await listBundles(tx, edgeId))
  }
}

function stateOf(row: CommandRow, nowMs: number): CommandStanding {
  const state = row.reported?.state
  if (state === undefined) return nowMs > commandSchema.parse(row.body).expires_at_ms ? 'expired' : 'waiting'
  return stateOfReport(state)
}

function viewOf(row: CommandRow, nowMs: number, bundles: Awaited<ReturnType<typeof listBundles>>): EdgeCommand {
  const { what, issued_by, issued_at_ms, expires_at_ms } = commandSchema.parse(row.body)
  const bundle = bundles.find(({ command_id }) => command_id === row.key)
  return {
    id: row.key,
    what,
    issued_by,
    issued_at: new Date(issued_at_ms).toISOString(),
    expires_at: new Date(expires_at_ms).toISOString(),
    state: stateOf(row, nowMs),
    problem: row.reported?.problem ?? null,
    result: row.reported?.result ?? null,
    reported_at: row.reported?.reported_at ?? null,
    bundle: bundle === undefined ? null : { bytes: bundle.bytes, received_at: bundle.received_at },
  }
}

/** What the shape of a command cannot say. */
function checkStretch(what: Command['what']): void {
  if (what.name === 'resend') {
    // Appliances of every version fail it; what was issued before is still read.
    if (what.lane === 'records')
      throw new ProblemError(
        'invalid_input',
        'Only readings can be sent again. `jidoka sync audit` on the appliance lists the records that the cloud has lost.',
      )
    const rows = what.to_seq - what.from_seq + 1
    if (rows < 1)
      throw new ProblemError('invalid_input', 'The last number lies before the first. Swap them and send it again.')
    if (rows > commandLimits.resentRowsMax)
      throw new ProblemError(
        'invalid_input',
        `One command sends ${commandLimits.resentRowsMax} numbers at most. Cut it.`,
      )
  }
  if (what.name === 'rehearsal') {
    if (what.to_ms <= what.from_ms)
      throw new ProblemError('invalid_input', 'The end of the stretch lies before its beginning. Swap them.')
    if (what.to_ms - what.from_ms > commandLimits.rehearsedMsMax)
      throw new ProblemError('invalid_input', 'One rehearsal judges a day at most. Choose a shorter stretch.')
  }
}
