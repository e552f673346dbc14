import { rangeRows } from '@jidoka/sync-protocol'
import { Random } from './random.ts'

/** How long rows are produced and things go wrong; after it everything works, and the world must come to rest. */
export const chaosMs = 60_000
/** A disk is replaced within 90 s, a heartbeat follows within 60; after it a person looks, at what halted. */
export const restMsMin = 160_000
/** Halted lanes try again after five minutes, back-off ends at a quarter of one: what is not at rest after this will never be. */
export const restMsMax = 3_600_000
/** A row that the cloud cannot read is set aside after an hour, and others may wait for theirs behind it. */
export const restOfPoisonMsMax = 6 * 3_600_000

/**
 * What can go wrong, and how long and how strongly at most. Each is a thing of its own that can be left out of a world, so that a failure
 * can be told with those alone that it takes.
 */
export const disturbanceKinds = {
  /** On the line of one edge: requests lost, answers lost, requests delivered twice, delayed beyond the time-out. */
  lost_requests: { forMsMax: 30_000, weight: 3 },
  lost_answers: { forMsMax: 30_000, weight: 3 },
  repeats: { forMsMax: 30_000, weight: 2 },
  delays: { forMsMax: 30_000, weight: 3 },
  /** The request is taken, and the answer never comes. */
  half_open: { forMsMax: 20_000, weight: 2 },
  /** A few hundred bytes a second. */
  slow_line: { forMsMax: 20_000, weight: 1 },
  cut_up: { forMsMax: 25_000, weight: 1 },
  cut_down: { forMsMax: 25_000, weight: 1 },
  cut: { forMsMax: 25_000, weight: 2 },
  /** Something on the way keeps the answers to cursor questions for longer than anybody waits for them, and then lets them go. */
  held_answers: { forMsMax: 45_000, weight: 1 },
  busy: { forMsMax: 15_000, weight: 1 },
  strange_answers: { forMsMax: 15_000, weight: 1 },
  /** Something on the way answers with receipts of its own. */
  forged_answers: { forMsMax: 5_000, weight: 1 },
  /** SIGKILL or power loss, before or after some effect or commit; `lost_receipt`: with it goes the last receipt, which was not synced. */
  edge_crash: { forMsMax: 0, weight: 3 },
  lost_receipt: { forMsMax: 0, weight: 2 },
  new_disk: { forMsMax: 0, weight: 1 },
  full_disk: { forMsMax: 15_000, weight: 2 },
  /** Room is short for a while: the oldest rows that wait go one after the other, also those that are on the line. */
  space: { forMsMax: 10_000, weight: 2 },
  damage: { forMsMax: 0, weight: 2 },
  clock_jump: { forMsMax: 0, weight: 2 },
  /** The appliance is put back to an image of before; a copy of it runs beside it. */
  old_image: { forMsMax: 20_000, weight: 2 },
  copy: { forMsMax: 20_000, weight: 2 },
  revocation: { forMsMax: 20_000, weight: 1 },
  key_rotation: { forMsMax: 20_000, weight: 2 },
  /** Before or after a commit. `set_back`: it comes back as a replica that lagged, without its last transactions. */
  cloud_crash: { forMsMax: 0, weight: 2 },
  set_back: { forMsMax: 0, weight: 2 },
  /** A new version cannot read anything, for a while or for hours. */
  cloud_bug: { forMsMax: 20_000, weight: 1 },
  long_cloud_bug: { forMsMax: 2.5 * 3_600_000, weight: 0.15 },
  poison: { forMsMax: 0, weight: 0.5 },
  /** An operator carries what waits to the cloud in a file, and the receipts back. */
  courier: { forMsMax: 30_000, weight: 2 },
  poke: { forMsMax: 0, weight: 1 },
} as const satisfies Record<string, { forMsMax: number; weight: number }>
export type DisturbanceKind = keyof typeof disturbanceKinds

export interface Disturbance {
  /** Its number in the plan, for `--without`. */
  readonly number: number
  readonly kind: DisturbanceKind
  readonly edge: number
  readonly atMs: number
  readonly forMs: number
  /** 0 to 1: how often it strikes while it lasts, or which of two ways it goes. */
  readonly strength: number
}

export interface EdgePlan {
  /** First number of both lanes: of some edges close to the end of a range. */
  readonly startSeq: number
  /** Speaks protocol 1.1, until a person upgrades it. */
  readonly isOld: boolean
}

export interface Plan {
  readonly edges: readonly EdgePlan[]
  /** Until then the cloud speaks an older protocol; 0: never. */
  readonly oldCloudUntilMs: number
  readonly oldCloudProtocol: '1.1' | '1.2'
  readonly disturbances: readonly Disturbance[]
}

export function drawPlan(seed: number): Plan {
  const random = new Random(seed)
  const edges = random.chance(0.75) ? 1 : 2
  const disturbances = Array.from({ length: random.between(2, 14) }, (_, index): Disturbance => {
    const kind = drawKind(random)
    return {
      number: index + 1,
      kind,
      edge: random.between(0, edges - 1),
      atMs: random.between(500, chaosMs - 5_000),
      forMs: random.between(500, Math.max(500, disturbanceKinds[kind].forMsMax)),
      strength: random.next(),
    }
  })
  // A cloud of 1.1 knows no first number of an epoch.
  const isMixed = random.chance(0.2)
  const isOldCloud = isMixed && random.chance(0.5)
  return {
    edges: Array.from({ length: edges }, () => ({
      startSeq: !isMixed && random.chance(0.2) ? rangeRows - random.between(0, 40) : 1,
      isOld: isMixed && random.chance(0.5),
    })),
    oldCloudUntilMs: isOldCloud ? random.between(5_000, chaosMs) : 0,
    oldCloudProtocol: isOldCloud && random.chance(0.5) ? '1.2' : '1.1',
    disturbances,
  }
}

const kindsByWeight = Object.entries(disturbanceKinds) as [DisturbanceKind, { weight: number }][]
const weightTotal = kindsByWeight.reduce((sum, [, { weight }]) => sum + weight, 0)

function drawKind(random: Random): DisturbanceKind {
  let left = random.next() * weightTotal
  for (const [kind, { weight }] of kindsByWeight) {
    left -= weight
    if (left < 0) return kind
  }
  return 'poke'
}
