import type { User } from '@jidoka/contract'
import type { Permission } from '@jidoka/domain'
import type { Api } from '@jidoka/ui'
import { createContext, useContext } from 'react'

export interface Session {
  readonly user: User
  readonly api: Api
  readonly signOut: () => Promise<void>
}

export const SessionContext = createContext<Session | null>(null)

export function useSession(): Session {
  const session = useContext(SessionContext)
  if (session === null) throw new Error('useSession was called before anybody had signed in')
  return session
}

export function useMay(permission: Permission): boolean {
  return useSession().user.permissions.includes(permission)
}
