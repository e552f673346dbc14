import { booleanSetting, loadConfig, numberSetting, tracingSettingNames, tracingSettingsSchema } from '@jidoka/base'
import { passwordSchema, tenantIdSchema } from '@jidoka/domain'
import { z } from 'zod'
import { httpSettingNames, httpSettingsSchema } from './platform/http/settings.ts'
import { moduleNames, portOf } from './platform/remote/module-names.ts'
import type { ModuleName } from './platform/remote/module-names.ts'
import {
  moduleAddressNames,
  moduleAddressesSchema,
  moduleKeyNames,
  moduleKeysSchema,
} from './platform/remote/settings.ts'
import { databaseSettingNames, databaseSettingsSchema } from './platform/db/settings.ts'
import { objectsSettingNames, objectsSettingsSchema } from './platform/objects/settings.ts'
import { jobsSettingNames, jobsSettingsSchema } from './platform/jobs/settings.ts'
import { secretsSettingNames, secretsSettingsSchema } from './platform/secrets/settings.ts'
import { hasOthers, tenancySettingNames, tenancySettingsSchema } from './platform/tenancy/settings.ts'
import { readRedisAddress } from './platform/redis/address.ts'

export { moduleNames }
export type { ModuleName }

/** A list that may also come as text with commas, as it does from the environment. */
const modulesSetting = z.preprocess(
  (value) => (typeof value === 'string' ? value.split(',').map((name) => name.trim()) : value),
  z.array(z.enum(moduleNames)).min(1),
)

/** What makes an address of an Electric service useless, as a sentence; null when nothing does. */
function whyNoElectric(text: string): string | null {
  if (!/^https?:\/\//.test(text)) return 'it must begin with http:// or https://'
  if (!URL.canParse(text))
    return 'it is not an address. Write it as http://host:port, with a path where the service lies below one'
  const { username, password, pathname, hash } = new URL(text)
  if (username !== '' || password !== '')
    return 'it holds a name or a password, which no request is sent with. Set ELECTRIC_SECRET to the secret of the service'
  if (hash !== '') return 'it holds a "#". Leave out what follows it'
  if (/\/v1\/(shape|health)\/*$/.test(pathname)) return 'it must end before /v1, which the cloud adds by itself'
  return null
}

/** Another maximum for one policy of platform/http/rate-policies.ts. */
const rateSetting = numberSetting(z.number().int().min(1).max(10_000_000)).optional()

/** What makes an address of Redis useless, as a sentence; null when nothing does. */
function redisMistake(url: string, sentinels: string | undefined): string | null {
  try {
    readRedisAddress(url, sentinels)
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

const settingsSchema = z.strictObject({
  http: httpSettingsSchema.prefault({}),
  /** The data folder: PGlite's database, and keys. */
  data: z.string().min(1).default('data/cloud'),
  /** Keys, where they do not lie in the data folder: replicas share them. */
  keys: z.string().min(1).optional(),
  /** Where signed checkpoints of audit logs are written besides the database; absent: beside the data. */
  audit_checkpoints: z.string().min(1).optional(),
  /** Where the master keys are that secrets are sealed with. */
  secrets: secretsSettingsSchema.prefault({}),
  /** Where files of tenants lie. */
  objects: objectsSettingsSchema.prefault({}),
  /** Which process works on jobs. */
  jobs: jobsSettingsSchema.prefault({}),
  /** Where traces of requests go; absent: nowhere. */
  tracing: tracingSettingsSchema.prefault({}),
  /** PostgreSQL; absent: PGlite in the data folder. */
  database_url: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'it must begin with postgres:// or postgresql://')
    .optional(),
  /** The same PostgreSQL past a pgBouncer in transaction mode, for a connection that listens. */
  database_direct_url: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'it must begin with postgres:// or postgresql://')
    .optional(),
  /** A streaming replica of the same PostgreSQL, for long reads that may be some seconds old. */
  database_replica_url: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'it must begin with postgres:// or postgresql://')
    .optional(),
  /** Pool and time-outs of PostgreSQL. */
  database: databaseSettingsSchema.prefault({}),
  /** Databases of tenants beside the one of `database_url`. */
  tenancy: tenancySettingsSchema.prefault({}),
  /** An Electric service that follows the same PostgreSQL; absent: the cloud serves desired state itself. */
  electric_url: z
    .string()
    .superRefine((text, context) => {
      const message = whyNoElectric(text)
      if (message !== null) context.addIssue({ code: 'custom', message })
    })
    .optional(),
  electric_secret: z.string().min(1).max(500).optional(),
  /** Redis, for what processes share: cache, limits, events. Absent: each process for itself, and events through the database. */
  redis: z
    .strictObject({
      url: z
        .string()
        .max(2_000)
        .superRefine((text, context) => {
          const message = redisMistake(text, undefined)
          if (message !== null) context.addIssue({ code: 'custom', message })
        })
        .optional(),
      /** host:port, with commas between: they say which server is the master. */
      sentinels: z
        .string()
        .max(2_000)
        .superRefine((text, context) => {
          const message = redisMistake('redis://any', text)
          if (message !== null) context.addIssue({ code: 'custom', message })
        })
        .optional(),
      master: z.string().min(1).max(100).optional(),
      sentinel_password: z.string().min(1).max(500).optional(),
    })
    .refine(({ url, sentinels }) => url !== undefined || sentinels === undefined, {
      path: ['sentinels'],
      message: 'they say where the server is, not how to speak to it. Set REDIS_URL too, such as redis://:password@any',
    })
    .prefault({}),
  /** Attempts in the time that each policy names, where others are wanted than its own. */
  rate_limits: z
    .strictObject({ api_user: rateSetting, api_tenant: rateSetting, api_stranger: rateSetting })
    .prefault({}),
  /** Whose routes and jobs run in this process. */
  modules: modulesSetting.default([...moduleNames]),
  /** Where the others run. */
  module_addresses: moduleAddressesSchema.prefault({}),
  /** By what they know each other. */
  module_keys: moduleKeysSchema.prefault({}),
  tenant: tenantIdSchema.default('demo'),
  /** Of the first administrator; absent: one is made up and shown once. */
  admin_password: passwordSchema.optional(),
  /** The built console. */
  console: z.string().min(1).optional(),
  log_level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
  /** Bring the database up to date at the start; otherwise `migrate up` does. */
  migrate_at_start: booleanSetting.default(true),
})

const configSchema = settingsSchema.superRefine(
  ({ electric_url: electricUrl, database_url: databaseUrl, database_replica_url: replicaUrl, tenancy }, context) => {
    if (replicaUrl !== undefined && databaseUrl === undefined)
      context.addIssue({
        code: 'custom',
        path: ['database_replica_url'],
        message:
          'there is no replica of the database in the data folder. Set DATABASE_URL to the PostgreSQL server that it follows, or leave it out',
      })
    if (hasOthers(tenancy)) {
      const wrong = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message })
      if (databaseUrl === undefined)
        wrong(
          'database_url',
          'it is not set, and there are other databases for tenants. The directory of them lies in a PostgreSQL',
        )
      if (electricUrl !== undefined)
        wrong(
          'electric_url',
          'an Electric service follows one database, and there are several. Leave it out: the cloud serves desired state itself',
        )
    }
    if (electricUrl !== undefined && databaseUrl === undefined)
      context.addIssue({
        code: 'custom',
        path: ['electric_url'],
        message:
          'an Electric service cannot follow the database in the data folder. Set DATABASE_URL to the PostgreSQL server that it follows, or leave it out',
      })
  },
)
type Settings = z.output<typeof configSchema>
export type CloudConfig = Settings & { readonly http: { readonly port: number } }

const names = {
  ...httpSettingNames,
  JIDOKA_CLOUD_DATA: 'data',
  JIDOKA_CLOUD_KEYS: 'keys',
  JIDOKA_CLOUD_AUDIT_CHECKPOINTS: 'audit_checkpoints',
  DATABASE_URL: 'database_url',
  DATABASE_DIRECT_URL: 'database_direct_url',
  JIDOKA_CLOUD_DATABASE_REPLICA_URL: 'database_replica_url',
  ELECTRIC_URL: 'electric_url',
  ELECTRIC_SECRET: 'electric_secret',
  REDIS_URL: 'redis.url',
  REDIS_SENTINELS: 'redis.sentinels',
  REDIS_MASTER: 'redis.master',
  REDIS_SENTINEL_PASSWORD: 'redis.sentinel_password',
  JIDOKA_CLOUD_RATE_USER: 'rate_limits.api_user',
  JIDOKA_CLOUD_RATE_TENANT: 'rate_limits.api_tenant',
  JIDOKA_CLOUD_RATE_STRANGER: 'rate_limits.api_stranger',
  JIDOKA_CLOUD_MODULES: 'modules',
  ...moduleAddressNames,
  ...moduleKeyNames,
  JIDOKA_CLOUD_TENANT: 'tenant',
  JIDOKA_CLOUD_ADMIN_PASSWORD: 'admin_password',
  JIDOKA_CLOUD_CONSOLE: 'console',
  JIDOKA_CLOUD_LOG_LEVEL: 'log_level',
  JIDOKA_CLOUD_MIGRATE_AT_START: 'migrate_at_start',
  ...databaseSettingNames,
  ...tracingSettingNames,
  ...secretsSettingNames,
  ...tenancySettingNames,
  ...objectsSettingNames,
  ...jobsSettingNames,
}

/** @throws ConfigError with a sentence for each mistake. */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): CloudConfig {
  const settings = loadConfig(configSchema, { environment, names, file: environment['JIDOKA_CLOUD_CONFIG'] })
  return { ...settings, http: { ...settings.http, port: settings.http.port ?? portOf(settings.modules) } }
}
