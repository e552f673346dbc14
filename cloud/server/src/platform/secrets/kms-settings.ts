import { KmsClient, KmsKeys, SecretError } from '@jidoka/base'
import type { AwsAuth, Clock, MasterKeys } from '@jidoka/base'
import { z } from 'zod'

const addressSchema = z
  .string()
  .max(2_000)
  .refine((text) => URL.canParse(text) && /^https?:/.test(text), 'it must begin with https://')

/** Named and read as AWS's own programs do, so that what a platform sets for a pod fits. */
export const kmsSettingsSchema = z.strictObject({
  key: z
    .string()
    .regex(/^[\w:/-]{1,256}$/, 'it must be the id, the ARN or the alias of a key, such as alias/jidoka')
    .default('alias/jidoka'),
  region: z
    .string()
    .regex(/^[a-z]{2}(-[a-z]+)+-\d{1,2}$/, 'it must be the name of a region, such as ap-northeast-2')
    .optional(),
  /** Another address than that of the region: an endpoint of one's own network. */
  url: addressSchema.optional(),
  sts_url: addressSchema.optional(),
  access_key_id: z.string().min(1).max(200).optional(),
  secret_access_key: z.string().min(1).max(200).optional(),
  session_token: z.string().min(1).max(8_000).optional(),
  role_arn: z.string().min(1).max(2_048).optional(),
  web_identity_token_file: z.string().min(1).optional(),
  container_url: addressSchema.optional(),
  container_token_file: z.string().min(1).optional(),
})
export type KmsSettings = z.output<typeof kmsSettingsSchema>

export const kmsSettingNames = {
  JIDOKA_CLOUD_KMS_KEY: 'secrets.kms.key',
  AWS_REGION: 'secrets.kms.region',
  AWS_ENDPOINT_URL_KMS: 'secrets.kms.url',
  AWS_ENDPOINT_URL_STS: 'secrets.kms.sts_url',
  AWS_ACCESS_KEY_ID: 'secrets.kms.access_key_id',
  AWS_SECRET_ACCESS_KEY: 'secrets.kms.secret_access_key',
  AWS_SESSION_TOKEN: 'secrets.kms.session_token',
  AWS_ROLE_ARN: 'secrets.kms.role_arn',
  AWS_WEB_IDENTITY_TOKEN_FILE: 'secrets.kms.web_identity_token_file',
  AWS_CONTAINER_CREDENTIALS_FULL_URI: 'secrets.kms.container_url',
  AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: 'secrets.kms.container_token_file',
} as const

/** What is missing where the master keys are in AWS KMS; null when nothing is. */
export function kmsMistake(
  settings: KmsSettings,
): { readonly path: keyof KmsSettings; readonly message: string } | null {
  if (settings.region === undefined)
    return { path: 'region', message: 'it is not set, and the source of master keys is AWS KMS' }
  return authOf(settings, settings.region) === null
    ? {
        path: 'access_key_id',
        message:
          'there is no way to be let in. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE, or AWS_CONTAINER_CREDENTIALS_FULL_URI',
      }
    : null
}

/** @throws SecretError `misconfigured` */
export function openKmsKeys(settings: KmsSettings, clock: Clock): MasterKeys {
  const { region, url, key } = settings
  const auth = region === undefined ? null : authOf(settings, region)
  if (region === undefined || auth === null)
    throw new SecretError(
      'misconfigured',
      'AWS KMS needs a region and a way to be let in: set AWS_REGION and keys or a role.',
    )
  return new KmsKeys(new KmsClient({ url: url ?? endpointOf('kms', region), region, auth, clock }), key)
}

/** The first that is there, in the order of AWS's own programs. */
function authOf(settings: KmsSettings, region: string): AwsAuth | null {
  const { access_key_id: accessKeyId, secret_access_key: secretAccessKey, session_token: sessionToken } = settings
  if (accessKeyId !== undefined && secretAccessKey !== undefined)
    return { kind: 'keys', accessKeyId, secretAccessKey, sessionToken }
  const { role_arn: roleArn, web_identity_token_file: tokenFile } = settings
  if (roleArn !== undefined && tokenFile !== undefined)
    return { kind: 'web_identity', roleArn, tokenFile, stsUrl: settings.sts_url ?? endpointOf('sts', region) }
  const { container_url: url, container_token_file: containerTokenFile } = settings
  return url === undefined ? null : { kind: 'container', url, tokenFile: containerTokenFile }
}

const endpointOf = (service: 'kms' | 'sts', region: string): string =>
  `https://${service}.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`
