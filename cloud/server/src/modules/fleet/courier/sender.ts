import { CourierError, keyFingerprint } from '@jidoka/sync-protocol'
import type { CourierHeader } from '@jidoka/sync-protocol'
import type { Database } from '../../../platform/db/database.ts'
import type { CourierEdge } from './repository.ts'
import { findCourierEdge } from './repository.ts'

/** The edge that says it has written a file; row-level security shows it to its own tenant alone. @throws CourierError */
export async function senderOf(database: Database, tenantId: string, header: CourierHeader): Promise<CourierEdge> {
  if (header.tenant_id !== tenantId)
    throw new CourierError(
      'recipient',
      'The courier file is of an appliance of another tenant. Sign in where that appliance is enrolled and import it there.',
    )
  const edge = await database.withTenant(tenantId, (tx) => findCourierEdge(tx, header.edge_id))
  if (edge === null || keyFingerprint(edge.public_key) !== header.signed_by)
    throw new CourierError(
      'sender',
      `The courier file is signed by an appliance (${header.edge_id}) that is not enrolled here with that key. Import it where the appliance is enrolled.`,
    )
  if (edge.revoked_at !== null)
    throw new CourierError(
      'sender',
      `The appliance "${edge.name}" was revoked: nothing that it signs is taken. Enrol it again, then import the file again.`,
    )
  return edge
}
