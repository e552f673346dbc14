import type { User } from '@jidoka/contract'
import type { Permission } from '@jidoka/domain'
import { useMessages } from '@jidoka/ui'
import { createContext, useContext } from 'react'
import { messages } from '../messages/index.ts'
import { may } from '../session/permission.ts'
import type { ConsoleApi } from './console-api.ts'

export interface ConsoleParts {
  readonly api: ConsoleApi
  readonly user: User
  readonly tenantId: string
  /** Somebody else has seen the password that this person signed in with. */
  readonly passwordMadeUp: boolean
  readonly changePassword: (current: string, next: string) => Promise<void>
}

export const ConsoleContext = createContext<ConsoleParts | null>(null)

/** Who is signed in, and the cloud that they are signed in to. */
export function useConsole(): ConsoleParts {
  const parts = useContext(ConsoleContext)
  if (parts === null) throw new Error('useConsole was called before anybody is signed in')
  return parts
}

export const useText = () => useMessages(messages)

/** What only an administrator can give or do; the rest a manager can. */
const ofAdministrators: ReadonlySet<Permission> = new Set<Permission>([
  'user:manage',
  'fleet:manage',
  'audit:read',
  'settings:manage',
  'secret:manage',
  'pii:read',
])

/** Null when the person may; else the sentence for the button that stays in its place. */
export function useRefusal(): (permission: Permission) => string | null {
  const { user } = useConsole()
  const t = useText()
  return (permission) => {
    if (may(user, permission)) return null
    return t(ofAdministrators.has(permission) ? 'refused.admin' : 'refused.manager')
  }
}
