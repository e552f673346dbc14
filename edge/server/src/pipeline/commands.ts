import type { AlarmAction, FactoryEvent, NewRecord, ReportedItem } from '@jidoka/domain'
import type { Receipt } from '@jidoka/sync-protocol'
import type { AlarmOutcome, ConnectorPosition, DesiredChange, RuleInForce, StoredUser } from '../ports.ts'

/** Everything but readings that changes the journal, in the queue with them. */
export type Command =
  | { readonly kind: 'record_events'; readonly events: readonly FactoryEvent[]; readonly position: ConnectorPosition }
  | { readonly kind: 'change_alarm'; readonly alarmId: string; readonly action: AlarmAction; readonly actor: string }
  | { readonly kind: 'apply_desired'; readonly change: DesiredChange }
  | { readonly kind: 'store_receipt'; readonly receipt: Receipt }
  | { readonly kind: 'append_record'; readonly record: NewRecord }
  | { readonly kind: 'save_user'; readonly user: StoredUser }
  | { readonly kind: 'save_setting'; readonly name: string; readonly value: string }
  | { readonly kind: 'rules' }

export interface CommandAnswers {
  readonly record_events: { readonly stored: number }
  readonly change_alarm: AlarmOutcome
  readonly apply_desired: readonly ReportedItem[]
  readonly store_receipt: undefined
  readonly append_record: undefined
  readonly save_user: undefined
  readonly save_setting: undefined
  readonly rules: readonly RuleInForce[]
}

export type CommandAnswer = CommandAnswers[Command['kind']]
