import type { Command, CommandResult, CommandState, DesiredItem } from '@jidoka/domain'
import type { Lane } from '@jidoka/sync-protocol'

// What the cloud wants of this appliance, and what came of it.

/** Where a connector of the MES stands: opaque to the journal, committed together with the events that it read. */
export interface ConnectorPosition {
  readonly connector: string
  readonly position: string
}

/** Where the follower of the desired state stands; opaque. Committed together with the items that it brought. */
export interface DesiredPosition {
  readonly handle: string
  readonly offset: string
  /** Set by the journal: something on the way here could not be read, and a newer program has to begin anew. */
  readonly isPartial?: true
}

/** A desired item that a newer cloud wrote. Its kind may be unknown too. */
export interface UnreadableItem {
  readonly kind: string
  readonly key: string
  readonly version: number
  readonly problem: string
}

export interface DesiredChange {
  readonly upserts: readonly DesiredItem[]
  readonly removals: readonly { readonly kind: DesiredItem['kind']; readonly key: string }[]
  /** Named by the change and left as they stand: reported as refused. */
  readonly unreadable?: readonly UnreadableItem[]
  /** Rows whose names could not be read either. */
  readonly unnamedCount?: number
  /** True after a must-refetch: what is neither among the upserts nor unreadable is removed. */
  readonly replaceAll: boolean
  readonly position: DesiredPosition
}

/** A command as the journal holds it, from its arrival to long after its end. */
export interface StoredCommand {
  readonly id: string
  readonly version: number
  readonly command: Command
  readonly state: CommandState
  readonly problem: string | null
  readonly result: CommandResult | null
  readonly changedMs: number
}

/** How a command ends: `expired` one that is `accepted`, all others one that is `started`. */
export interface CommandOutcome {
  readonly state: 'done' | 'failed' | 'expired' | 'interrupted'
  readonly problem: string | null
  readonly result: CommandResult | null
}

/** What the runner of commands asks of the journal. Both answer false when the command is not in a state for it any more, and change nothing then. */
export interface CommandJournal {
  startCommand(id: string): Promise<boolean>
  settleCommand(id: string, outcome: CommandOutcome): Promise<boolean>
}

/** Sends rows of the journal once more; the cloud replaces what it holds of their ranges. */
export interface RangeRepair {
  resend(lane: Lane, fromSeq: number, toSeq: number): Promise<CommandResult>
}
