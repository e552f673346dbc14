import { join } from 'node:path'
import { z } from 'zod'
import { modulePorts } from './module-names.ts'
import type { ReachableModule } from './module-names.ts'

/** What makes an address of a module useless, as a sentence; null when nothing does. */
function whyNoModule(text: string): string | null {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text))
    return 'it is not an address. Write it as http://host:port, such as http://127.0.0.1:8010'
  const { username, password, pathname, search, hash } = new URL(text)
  if (username !== '' || password !== '')
    return 'it holds a name or a password. Modules know each other by their keys: leave it out'
  if (pathname !== '/' || search !== '' || hash !== '') return 'it must end behind the port, without a path'
  return null
}

const addressSetting = z
  .string()
  .max(500)
  .superRefine((text, context) => {
    const message = whyNoModule(text)
    if (message !== null) context.addIssue({ code: 'custom', message })
  })
  .optional()

/** Where the modules are that do not run in this process; without it each at its own port of this machine. */
export const moduleAddressesSchema = z.strictObject({
  identity: addressSetting,
  fleet: addressSetting,
  judgment: addressSetting,
  audit: addressSetting,
} satisfies Record<ReachableModule, typeof addressSetting>)
export type ModuleAddresses = z.output<typeof moduleAddressesSchema>

export const moduleAddressNames = {
  JIDOKA_CLOUD_IDENTITY_URL: 'module_addresses.identity',
  JIDOKA_CLOUD_FLEET_URL: 'module_addresses.fleet',
  JIDOKA_CLOUD_JUDGMENT_URL: 'module_addresses.judgment',
  JIDOKA_CLOUD_AUDIT_URL: 'module_addresses.audit',
} as const

export function addressOfModule(addresses: ModuleAddresses, module: ReachableModule): URL {
  return new URL(addresses[module] ?? `http://127.0.0.1:${modulePorts[module]}`)
}

/** Where the keys lie by which modules of several processes know each other. */
export const moduleKeysSchema = z.strictObject({
  /** Secret keys of the modules that run in this process; absent: `modules` in the folder for keys. */
  secret: z.string().min(1).optional(),
  /** Public keys of all modules; absent: `public` in the folder of the secret ones. */
  public: z.string().min(1).optional(),
})

export const moduleKeyNames = {
  JIDOKA_CLOUD_MODULE_KEYS: 'module_keys.secret',
  JIDOKA_CLOUD_MODULE_PUBLIC_KEYS: 'module_keys.public',
} as const

export interface ModuleKeyFolders {
  readonly secret: string
  readonly public: string
}

/** @param keys the folder for keys */
export function moduleKeyFolders(settings: z.output<typeof moduleKeysSchema>, keys: string): ModuleKeyFolders {
  const secret = settings.secret ?? join(keys, 'modules')
  return { secret, public: settings.public ?? join(secret, 'public') }
}
