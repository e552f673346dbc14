import type { UrlField } from '@jidoka/ui'

export const receiptLanes = ['all', 'records', 'readings'] as const
export type ReceiptLane = (typeof receiptLanes)[number]

/** Which receipts are shown: of one lane or of both, and of one lane those that reach up to a number. */
export interface ReceiptFilter {
  readonly lane: ReceiptLane
  readonly upTo: number | null
}

export const allReceipts: ReceiptFilter = { lane: 'all', upTo: null }

export const receiptFilterText = ({ lane, upTo }: ReceiptFilter): string => (upTo === null ? lane : `${lane}.${upTo}`)

/** `records.18204` in a URL; what makes no sense shows all. */
export function readReceiptFilter(text: string | null): ReceiptFilter {
  const [, name, number] = /^([a-z]+)(?:\.(\d{1,15}))?$/.exec(text ?? '') ?? []
  const lane = receiptLanes.find((each) => each === name)
  if (lane === undefined) return allReceipts
  const upTo = number === undefined || lane === 'all' ? null : Number(number)
  return { lane, upTo: upTo === 0 ? null : upTo }
}

export const receiptFilterField: UrlField<ReceiptFilter> = {
  read: readReceiptFilter,
  write: (filter) => (filter.lane === 'all' ? null : receiptFilterText(filter)),
}

/** Where the receipts are that an outage ended with. */
export const receiptsHref = (lane: 'records' | 'readings', upTo: number): string =>
  `/sync?receipts=${receiptFilterText({ lane, upTo })}`
