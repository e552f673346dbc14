import { canonicalJson } from '@jidoka/base'
import type { KeyObject } from 'node:crypto'
import { z } from 'zod'
import { isSigned } from './audit-key.ts'
import type { AuditKey } from './audit-key.ts'

const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`))

/** What was true of a tenant's chain at an instant, signed. As it lies in the database, in the file beside it and in an export. */
export const checkpointSchema = z.strictObject({
  tenant_id: z.string(),
  at: z.iso.datetime(),
  position: z.number().int().min(1),
  hash: hex(32),
  /** Entries up to here may lack a mac, as they are older than the chain. */
  adopted: z.number().int().min(0),
  key_id: z.string(),
  signature: hex(64),
})
export type Checkpoint = z.infer<typeof checkpointSchema>

type Unsigned = Omit<Checkpoint, 'signature'>

/** Named one by one, so that a member that is there besides is never signed. */
const signedText = ({ tenant_id, at, position, hash, adopted, key_id }: Unsigned): string =>
  `jidoka-audit-checkpoint-1\n${canonicalJson({ tenant_id, at, position, hash, adopted, key_id })}`

export function signCheckpoint(key: AuditKey, body: Omit<Unsigned, 'key_id'>): Checkpoint {
  const unsigned = { ...body, key_id: key.keyId }
  return { ...unsigned, signature: key.sign(signedText(unsigned)).toString('hex') }
}

export function isGenuine(publicKey: KeyObject, checkpoint: Checkpoint): boolean {
  return isSigned(publicKey, signedText(checkpoint), Buffer.from(checkpoint.signature, 'hex'))
}
