import type { JournalReader } from '../ports.ts'

/**
 * When the cloud last receipted something, by its own clock: a time that has certainly passed. An appliance whose clock is years behind and
 * that has not spoken with the cloud since its start knows at least this; 0 where nothing was ever receipted.
 */
export function receiptedMs({ readings, records }: ReturnType<JournalReader['receipted']>): number {
  return Math.max(readings?.received_at_ms ?? 0, records?.received_at_ms ?? 0)
}
