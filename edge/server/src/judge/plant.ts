import type { TagPlace, ValueKind } from '@jidoka/domain'
import type { LineFacts } from '../ports.ts'
import type { LastValue } from '../store/last-values.ts'
import type { TagWindows } from '../windows/tag-windows.ts'
import type { WindowBank } from '../windows/window-bank.ts'

/** A tag as the worker holds it. */
export interface Tag {
  readonly tagNo: number
  readonly key: string
  readonly place: TagPlace
  kind: ValueKind
  unit: string
  last: LastValue | undefined
  /** Its last value is not yet in the checkpoint. */
  lastIsDirty: boolean
  /** What rules look at of its recent readings; null: nothing, undefined: not yet worked out. */
  windows: TagWindows | null | undefined
}

/** What rules can look at: the last value of every tag, its windows, the facts of every line. */
export interface Plant {
  tag(key: string): Tag | undefined
  tags(): Iterable<Tag>
  facts(line: string): LineFacts | undefined
  /** Lines of which there are facts. */
  factLines(): Iterable<string>
  readonly windows: WindowBank
}
