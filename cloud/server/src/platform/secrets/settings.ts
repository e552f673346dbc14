import { join } from 'node:path'
import { EnvironmentKeys, KeyFile, numberSetting, SecretError, VaultClient, VaultKeys } from '@jidoka/base'
import type { Clock, MasterKeys, VaultAuth } from '@jidoka/base'
import { z } from 'zod'
import { kmsMistake, kmsSettingNames, kmsSettingsSchema, openKmsKeys } from './kms-settings.ts'

/** Where a pod finds the token of its service account. */
const serviceAccountToken = '/var/run/secrets/kubernetes.io/serviceaccount/token'
const pathSchema = z.string().regex(/^[\w-]+(\/[\w-]+)*$/, 'it must be a path of letters, digits, "_" and "-"')

/** Where the master keys are that everything secret is sealed with. */
export const secretsSettingsSchema = z
  .strictObject({
    source: z.enum(['file', 'environment', 'vault', 'kms']).default('file'),
    /** Of the source `environment`: base64, the one that seals first. */
    master_keys: z.string().max(2_000).optional(),
    vault: z
      .strictObject({
        url: z
          .string()
          .refine((text) => URL.canParse(text) && /^https?:/.test(text), 'it must begin with https://')
          .optional(),
        namespace: z.string().min(1).max(200).optional(),
        mount: pathSchema.default('transit'),
        key: z
          .string()
          .regex(/^[\w-]{1,60}$/, 'it must have 1 to 60 letters, digits, "_" or "-"')
          .default('jidoka'),
        token: z.string().min(1).max(4_000).optional(),
        token_file: z.string().min(1).optional(),
        kubernetes_role: z.string().min(1).max(200).optional(),
        kubernetes_mount: pathSchema.default('kubernetes'),
        kubernetes_jwt_file: z.string().min(1).default(serviceAccountToken),
      })
      .prefault({}),
    kms: kmsSettingsSchema.prefault({}),
    /** Originals of masked texts are kept so long. Longer than they serve anybody is more than the law lets one; ten years are never right. */
    pii_days: numberSetting(z.number().int().min(1).max(3_650)).default(90),
  })
  .superRefine(({ source, master_keys: masterKeys, vault, kms }, context) => {
    const wrong = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message })
    if (source === 'environment' && masterKeys === undefined)
      wrong(['master_keys'], 'it is not set, and the source of master keys is the environment')
    const mistake = source === 'kms' ? kmsMistake(kms) : null
    if (mistake !== null) wrong(['kms', mistake.path], mistake.message)
    if (source !== 'vault') return
    if (vault.url === undefined) wrong(['vault', 'url'], 'it is not set, and the source of master keys is Vault')
    const ways = [vault.token, vault.token_file, vault.kubernetes_role].filter((way) => way !== undefined)
    if (ways.length !== 1)
      wrong(['vault', 'token'], 'set one of a token, a file with a token, and a role for Kubernetes')
  })
export type SecretsSettings = z.output<typeof secretsSettingsSchema>

export const secretsSettingNames = {
  JIDOKA_CLOUD_KEY_SOURCE: 'secrets.source',
  JIDOKA_CLOUD_MASTER_KEYS: 'secrets.master_keys',
  VAULT_ADDR: 'secrets.vault.url',
  VAULT_NAMESPACE: 'secrets.vault.namespace',
  VAULT_TOKEN: 'secrets.vault.token',
  JIDOKA_CLOUD_VAULT_MOUNT: 'secrets.vault.mount',
  JIDOKA_CLOUD_VAULT_KEY: 'secrets.vault.key',
  JIDOKA_CLOUD_VAULT_TOKEN_FILE: 'secrets.vault.token_file',
  JIDOKA_CLOUD_VAULT_KUBERNETES_ROLE: 'secrets.vault.kubernetes_role',
  JIDOKA_CLOUD_VAULT_KUBERNETES_MOUNT: 'secrets.vault.kubernetes_mount',
  JIDOKA_CLOUD_VAULT_KUBERNETES_JWT_FILE: 'secrets.vault.kubernetes_jwt_file',
  ...kmsSettingNames,
  JIDOKA_CLOUD_PII_DAYS: 'secrets.pii_days',
} as const

export const masterKeysFile = 'master-keys.json'

/** Asks nobody yet: the cloud starts while Vault is away. @param folder of the keys, made already. @throws SecretError */
export function openMasterKeys(settings: SecretsSettings, folder: string, clock: Clock): MasterKeys {
  if (settings.source === 'file') return KeyFile.open(join(folder, masterKeysFile), () => clock.nowMs())
  if (settings.source === 'kms') return openKmsKeys(settings.kms, clock)
  if (settings.source === 'environment') return new EnvironmentKeys(settings.master_keys ?? '')
  const { url, namespace, mount, key } = settings.vault
  if (url === undefined) throw new SecretError('misconfigured', 'The address of Vault is not set: set VAULT_ADDR.')
  const client = new VaultClient({ url, namespace, auth: authOf(settings.vault), clock })
  return new VaultKeys(client, { mount, key })
}

function authOf(vault: SecretsSettings['vault']): VaultAuth {
  if (vault.token !== undefined) return { kind: 'token', token: vault.token }
  if (vault.token_file !== undefined) return { kind: 'token_file', file: vault.token_file }
  return {
    kind: 'kubernetes',
    mount: vault.kubernetes_mount,
    role: vault.kubernetes_role ?? '',
    jwtFile: vault.kubernetes_jwt_file,
  }
}
