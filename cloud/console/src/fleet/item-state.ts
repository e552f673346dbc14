import type { EdgeDetail, EdgeSummary } from '@jidoka/contract'

export type FleetItem = EdgeDetail['items'][number]

/** How desired and reported stand to each other. `unwanted`: it was taken back, or never wished, and the edge has it all the same. */
export type ItemState = 'applied' | 'waiting' | 'refused' | 'quarantined' | 'unwanted' | 'removed'

export function itemState({
  desired_version: desired,
  reported,
}: Pick<FleetItem, 'desired_version' | 'reported'>): ItemState {
  if (desired === null) return reported === null || reported.state === 'removed' ? 'removed' : 'unwanted'
  if (reported === null || reported.version < desired || reported.state === 'removed') return 'waiting'
  const { state } = reported
  // What else an edge may say is of commands, which have states and a list of their own.
  return state === 'refused' || state === 'quarantined' ? state : 'applied'
}

const kinds = ['rule', 'tag_catalogue', 'site', 'user', 'thresholds', 'policy'] as const

/** The message that names a kind of item; null for one of an edge that is newer than this page. */
export function itemKindKey(kind: string): `item_kind.${(typeof kinds)[number]}` | null {
  const known = kinds.find((each) => each === kind)
  return known === undefined ? null : `item_kind.${known}`
}

const stateOrder: readonly ItemState[] = ['refused', 'quarantined', 'waiting', 'unwanted', 'applied', 'removed']

/** What wants somebody first. */
export function sortItems(items: readonly FleetItem[]): FleetItem[] {
  return items.toSorted(
    (a, b) =>
      stateOrder.indexOf(itemState(a)) - stateOrder.indexOf(itemState(b)) ||
      a.kind.localeCompare(b.kind) ||
      a.key.localeCompare(b.key),
  )
}

const edgeOrder: readonly EdgeSummary['state'][] = ['silent', 'online', 'revoked']

/** Those of which there are two first, then those that are not heard, then those with open alarms, then by name. */
export function sortEdges(edges: readonly EdgeSummary[]): EdgeSummary[] {
  return edges.toSorted(
    (a, b) =>
      Number(b.open_troubles > 0) - Number(a.open_troubles > 0) ||
      edgeOrder.indexOf(a.state) - edgeOrder.indexOf(b.state) ||
      b.open_alarms - a.open_alarms ||
      a.name.localeCompare(b.name),
  )
}

export const laneOf = (edge: Pick<EdgeSummary, 'lanes'>, lane: 'records' | 'readings') =>
  edge.lanes.find((cursor) => cursor.lane === lane)
