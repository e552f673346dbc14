import type { Folders } from '../folders.ts'
import type { SubjectOptions } from '../subject/options.ts'

/** What every way of breaking things is given. */
export interface ModeOptions {
  readonly runs: number
  readonly seed: number
  readonly folders: Folders
  readonly broken: SubjectOptions['broken']
  readonly say: (line: string) => void
}
