import type { User } from '@jidoka/contract'
import type { Permission } from '@jidoka/domain'

/**
 * What the signed-in person may do. Decided by the list that the server sent and not by the role: the server decides, and
 * the console must not promise more.
 */
export function may(user: Pick<User, 'permissions'>, permission: Permission): boolean {
  return user.permissions.includes(permission)
}
