import type { CourierHeader, ReceiptKey, TrustList } from '@jidoka/sync-protocol'
import { CourierError, verifyTrustList } from '@jidoka/sync-protocol'
import type { Enrolled } from '../uplink/identity.ts'

/** The lists of a file that lead from the keys believed here to newer ones, each signed by a key of the one before it. */
export function newerTrust(enrolled: Enrolled, lists: readonly TrustList[]): readonly TrustList[] {
  const taken: TrustList[] = []
  let { receipt_keys: believed } = enrolled
  let version = enrolled.trust?.version ?? 0
  for (const list of lists.toSorted((left, right) => left.version - right.version)) {
    if (list.version <= version || !verifyTrustList(list, believed)) continue
    taken.push(list)
    believed = list.receipt_keys
    version = list.version
  }
  return taken
}

/** The key of who says that it has sent a file to this appliance. @throws CourierError when the file is not for it, or the key is not believed. */
export function cloudKeyOf(enrolled: Enrolled, header: CourierHeader): string {
  if (header.tenant_id !== enrolled.tenant_id || header.edge_id !== enrolled.edge_id)
    throw new CourierError(
      'recipient',
      `The courier file is for the appliance ${header.edge_id} of ${header.tenant_id}; this is ${enrolled.edge_id} of ${enrolled.tenant_id}. Export one for this appliance in the console.`,
    )
  const keys: readonly ReceiptKey[] =
    newerTrust(enrolled, header.trust ?? []).at(-1)?.receipt_keys ?? enrolled.receipt_keys
  const key = keys.find(({ key_id }) => key_id === header.signed_by)
  if (key === undefined)
    throw new CourierError(
      'sender',
      `The courier file is signed by the key ${header.signed_by}, which this appliance does not believe. Export it again in the console that this appliance is enrolled in; if the cloud was set up anew, enrol the appliance again.`,
    )
  return key.public_key
}
