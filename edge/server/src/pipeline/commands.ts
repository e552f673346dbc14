import type { AlarmAction, CatalogueEntry, FactoryEvent, NewRecord, ReportedItem, RuleDefinition } from '@jidoka/domain'
import type { Lane, Receipt } from '@jidoka/sync-protocol'
import type { Damage } from '../keeping/set-aside.ts'
import type {
  AdoptionOutcome,
  AlarmOutcome,
  BrokerChange,
  CommandOutcome,
  ConnectorPosition,
  CountedRanges,
  DesiredChange,
  EpochBegin,
  PoisonRows,
  RuleInForce,
  StoredUser,
} from '../ports.ts'
import type { SegmentReplaced, SegmentReplacement } from '../store/segment-replacer.ts'

/** Everything but readings that changes the journal, in the queue with them. */
export type Command =
  | { readonly kind: 'record_events'; readonly events: readonly FactoryEvent[]; readonly position: ConnectorPosition }
  | { readonly kind: 'change_alarm'; readonly alarmId: string; readonly action: AlarmAction; readonly actor: string }
  | { readonly kind: 'adopt_tag'; readonly entry: CatalogueEntry; readonly actor: string }
  | { readonly kind: 'withdraw_tag'; readonly key: string; readonly actor: string }
  | { readonly kind: 'apply_desired'; readonly change: DesiredChange }
  /** One slice of what `apply_desired` will do, which is asked for when nothing is left to go ahead; `change` with the first. */
  | { readonly kind: 'go_ahead'; readonly change: DesiredChange | null }
  | { readonly kind: 'store_receipt'; readonly receipt: Receipt; readonly counted?: CountedRanges | undefined }
  | { readonly kind: 'forget_receipt'; readonly lane: Lane }
  | { readonly kind: 'append_record'; readonly record: NewRecord }
  | { readonly kind: 'note_poison'; readonly poison: PoisonRows }
  | { readonly kind: 'begin_epoch'; readonly begin: EpochBegin }
  | { readonly kind: 'save_user'; readonly user: StoredUser }
  | { readonly kind: 'save_setting'; readonly name: string; readonly value: string }
  | { readonly kind: 'broker'; readonly changes: readonly BrokerChange[] }
  | { readonly kind: 'note_sent'; readonly upToSeq: number }
  | { readonly kind: 'replace_segments'; readonly merged: SegmentReplacement }
  | { readonly kind: 'set_aside'; readonly damage: Damage }
  | { readonly kind: 'start_command'; readonly id: string }
  | { readonly kind: 'settle_command'; readonly id: string; readonly outcome: CommandOutcome }
  /** One slice of filling the windows of rules that come next; `definitions` with the first. True when nothing is left to fill. */
  | { readonly kind: 'prepare_windows'; readonly definitions: readonly RuleDefinition[] | null }
  | { readonly kind: 'rules' }

export interface WentAhead {
  readonly isDone: boolean
  readonly removed: readonly ReportedItem[]
}

export interface CommandAnswers {
  readonly record_events: { readonly stored: number }
  readonly change_alarm: AlarmOutcome
  readonly adopt_tag: AdoptionOutcome
  readonly withdraw_tag: boolean
  readonly apply_desired: readonly ReportedItem[]
  readonly go_ahead: WentAhead
  readonly store_receipt: undefined
  readonly forget_receipt: undefined
  readonly append_record: undefined
  readonly note_poison: undefined
  readonly begin_epoch: undefined
  readonly save_user: undefined
  readonly save_setting: undefined
  readonly broker: undefined
  readonly note_sent: undefined
  readonly replace_segments: SegmentReplaced
  readonly set_aside: boolean
  readonly start_command: boolean
  readonly settle_command: boolean
  readonly prepare_windows: boolean
  readonly rules: readonly RuleInForce[]
}

export type CommandAnswer = CommandAnswers[Command['kind']]
