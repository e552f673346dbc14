import type { VerdictWatcher } from '../judge/sink.ts'
import type { Committed } from '../ports.ts'
import { CommitDraft } from './commit-draft.ts'
import type { Lanes } from './journal-write.ts'
import { VerdictPacketWriter } from './verdict-packets.ts'

/** Makes of a draft that is on disk what listeners are told of it, with every single verdict while somebody wants them. */
export class ToldCommits {
  /** Null while nobody wants every single verdict. */
  #packets: VerdictPacketWriter | null = null
  /** What is still to be told of the last commit. */
  #following: Committed[] = []

  /** Who gathers the verdicts from now on; undefined where nothing changes. */
  watch(wanted: boolean): VerdictWatcher | null | undefined {
    if (wanted === (this.#packets !== null)) return undefined
    this.#packets = wanted ? new VerdictPacketWriter() : null
    return this.#packets
  }

  /** The commit failed: its verdicts are not told. */
  forget(): void {
    this.#packets?.take()
  }

  tell(draft: CommitDraft, { nextReadingSeq, nextRecordSeq }: Lanes, commitMs: number): Committed {
    const [packets = null, ...more] = this.#packets?.take() ?? []
    const told = (each: CommitDraft, blocks: typeof packets) =>
      each.toCommitted(nextReadingSeq - 1, nextRecordSeq - 1, commitMs, blocks)
    for (const block of more) this.#following.push(told(new CommitDraft(draft.nowMs), block))
    return told(draft, packets)
  }

  /** More of the last commit, to be told behind it: the packets of its verdicts that did not fit into one block. */
  takeFollowing(): readonly Committed[] {
    return this.#following.splice(0)
  }
}
