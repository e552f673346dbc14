import { z } from 'zod'
import { passwordLengthMin } from './password.ts'

export const roles = ['admin', 'manager', 'analyst', 'viewer', 'operator', 'ai_engineer'] as const
export const roleSchema = z.enum(roles)
export type Role = z.infer<typeof roleSchema>

/** A role has what those below it have: Admin > Manager > Analyst > Viewer, Manager > Operator, Admin > AI Engineer. */
const below: Record<Role, readonly Role[]> = {
  admin: ['manager', 'ai_engineer'],
  manager: ['analyst', 'operator'],
  analyst: ['viewer'],
  viewer: [],
  operator: ['viewer'],
  ai_engineer: ['analyst'],
}

/** Permissions that a role has of itself, without those it inherits. One table for both tiers and both user interfaces. */
const own = {
  viewer: ['board:read', 'judgment:read', 'alarm:read', 'fleet:read', 'rule:read'],
  operator: ['alarm:acknowledge', 'feedback:create'],
  analyst: ['bi:query', 'export:create'],
  manager: ['rule:write', 'rule:deploy', 'workflow:create', 'workflow:execute', 'tag:adopt', 'job:read'],
  ai_engineer: ['rule:write', 'workflow:execute'],
  admin: ['user:manage', 'fleet:manage', 'audit:read', 'settings:manage', 'secret:manage', 'pii:read'],
} as const satisfies Record<Role, readonly string[]>

export type Permission = (typeof own)[Role][number]

export function permissionsOf(role: Role): ReadonlySet<Permission> {
  return new Set<Permission>([...own[role], ...below[role].flatMap((lower) => [...permissionsOf(lower)])])
}

export function may(role: Role, permission: Permission): boolean {
  return permissionsOf(role).has(permission)
}

export const loginSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._@-]{0,63}$/, 'a login has 1 to 64 small letters, digits, ".", "_", "@" or "-"')
/** 256 bounds the hash's work. */
export const passwordSchema = z.string().min(passwordLengthMin).max(256)
export const localeSchema = z.enum(['ko', 'en'])
export type Locale = z.infer<typeof localeSchema>
