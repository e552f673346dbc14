/** What can be wrong with a log, and how it is said. */
const sentences = {
  changed: 'the entry is not the one that was sealed',
  missing: 'the entry is gone',
  relinked: 'the link is not the one that was made: its order, its time or what it is of was changed',
  gap: 'links are gone from the chain',
  truncated:
    'the chain ends before a signed checkpoint: its end was cut off, or an older copy of the database is in place',
  replaced: 'the chain is not the one that was signed: it was replaced from some point on',
  forged: 'the checkpoint is not signed by a key of this cloud',
  untimely: 'the checkpoint is signed by a key that was not in force when the chain came so far',
  keys: 'the list of keys is not signed by the key that was given: it was changed, or is of another cloud',
  outdated:
    'the end is signed by a key of before the one that was given alone: whoever has a copy of that key can have made all of it. Take the export anew',
  not_ours: 'the entry was not written by this program, or was changed before it was sealed',
  outside: 'the entry is in the log without a link: it was put there past the program',
  unguarded: 'the log is not protected against changes',
} as const
export type FindingKind = keyof typeof sentences

export interface Finding {
  readonly kind: FindingKind
  readonly text: string
}

const findingOf = (kind: FindingKind, where: string): Finding => ({ kind, text: `${where}: ${sentences[kind]}` })

/** The rest says nothing new: the first ones are where to look. */
export const findingsMax = 20

export class Findings {
  readonly list: Finding[] = []
  add(kind: FindingKind, where: string): void {
    if (this.list.length < findingsMax) this.list.push(findingOf(kind, where))
  }
}
