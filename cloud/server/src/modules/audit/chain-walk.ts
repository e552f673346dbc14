import type { FindKey } from './audit-keys.ts'
import { isGenuine } from './checkpoint.ts'
import type { Checkpoint } from './checkpoint.ts'
import { chainStart, hashOf, isSame } from './entry-form.ts'
import type { SealedEntry } from './entry-form.ts'
import type { Findings } from './finding.ts'

export interface WalkedLink {
  readonly position: number
  readonly sealedAt: string
  readonly entryId: string
  readonly hash: Uint8Array
  readonly entry: SealedEntry | null
}

/** What is known of the chain before the first link that is looked at. */
export interface WalkStart {
  readonly position: number
  readonly hash: Uint8Array
  readonly reachedMs: number
}

/** Goes along a chain and says where it is not what it was. Goes on behind a break with what stands there, so that each break is said once. */
export class ChainWalk {
  readonly #findings: Findings
  readonly #isOurs: (link: WalkedLink, reachedMs: number) => boolean | null
  #position: number
  #hash: Uint8Array
  #reachedMs: number

  /** @param isOurs whether the program wrote the entry; null where that cannot be said */
  constructor(
    findings: Findings,
    isOurs: (link: WalkedLink, reachedMs: number) => boolean | null,
    from: WalkStart = { position: 0, hash: chainStart, reachedMs: -Infinity },
  ) {
    this.#findings = findings
    this.#isOurs = isOurs
    this.#position = from.position
    this.#hash = from.hash
    this.#reachedMs = from.reachedMs
  }

  get position(): number {
    return this.#position
  }

  /** The latest time up to here: a link that somebody puts behind others may say an earlier one, and is no older for that. */
  get reachedMs(): number {
    return this.#reachedMs
  }

  step(link: WalkedLink): void {
    const { position, entryId, entry } = link
    const where = `position ${position}, entry ${entryId}`
    const isNext = position === this.#position + 1
    if (!isNext) this.#findings.add('gap', `positions ${this.#position + 1} to ${position - 1}`)
    const sealedMs = Date.parse(link.sealedAt)
    if (sealedMs > this.#reachedMs) this.#reachedMs = sealedMs
    const isOurs = entry === null ? false : this.#isOurs(link, this.#reachedMs)
    if (entry === null) this.#findings.add('missing', where)
    else if (isNext && !isSame(hashOf(this.#hash, link), link.hash))
      // An entry that still is as the program wrote it did not change: what is about it did.
      this.#findings.add(isOurs === true ? 'relinked' : 'changed', where)
    else if (isOurs === false) this.#findings.add('not_ours', where)
    this.#position = position
    this.#hash = link.hash
  }
}

/** The link that a checkpoint is of. */
export interface SignedLink {
  readonly hash: string
  /** The latest time in the chain up to it. */
  readonly reachedMs: number
}

/** @returns whether the checkpoint is genuine and the chain agrees with it */
export function checkCheckpoint(
  findings: Findings,
  { checkpoint, find, link }: { checkpoint: Checkpoint; find: FindKey; link: SignedLink | undefined },
): boolean {
  const where = `checkpoint of ${checkpoint.at} at position ${checkpoint.position}`
  const key = find(checkpoint.key_id)
  const isInForce = (at: string) => key !== null && Date.parse(at) >= key.fromMs && Date.parse(at) < key.untilMs
  if (key === null || !isGenuine(key.publicKey, checkpoint)) findings.add('forged', where)
  else if (!isInForce(checkpoint.at)) findings.add('untimely', where)
  else if (link === undefined) findings.add('truncated', where)
  // Whoever has an old key can write any time into a checkpoint. What it signs is younger than the key then.
  else if (link.reachedMs >= key.untilMs) findings.add('untimely', where)
  else if (link.hash !== checkpoint.hash) findings.add('replaced', where)
  else return true
  return false
}
