import { expect, test } from 'vitest'
import {
  allReceipts,
  readReceiptFilter,
  receiptFilterField,
  receiptFilterText,
  receiptsHref,
} from './receipt-filter.ts'

test('a filter comes back from its URL as it was', () => {
  for (const filter of [
    { lane: 'records', upTo: 18_204 },
    { lane: 'readings', upTo: null },
  ] as const)
    expect(readReceiptFilter(receiptFilterText(filter))).toEqual(filter)
  expect(receiptFilterField.write(allReceipts)).toBeNull()
  expect(receiptsHref('records', 7)).toBe('/sync?receipts=records.7')
})

test('what people typed and makes no sense shows all', () => {
  for (const text of [null, '', 'records.', 'other.7', 'all.7', 'records.-1', 'records.99999999999999999'])
    expect(readReceiptFilter(text)).toEqual(allReceipts)
  expect(readReceiptFilter('records.0')).toEqual({ lane: 'records', upTo: null })
})
