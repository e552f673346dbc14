import type { outageSchema } from '@jidoka/contract'

/** A line of the outage ledger. */
export type Outage = (typeof outageSchema)['_zod']['output']
