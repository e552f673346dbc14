import { z } from 'zod'

/** The database of DATABASE_URL: it holds the directory. */
export const mainDatabase = 'main'

const databaseNameSchema = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,40}$/, 'a name has 1 to 41 small letters, digits or "-", and begins with a letter')
  .refine((name) => name !== mainDatabase, `"${mainDatabase}" is the one of DATABASE_URL`)

/** As many as there are ranges of numbers for, without the main one. */
const databasesMax = 2_046

/** `name=postgres://...`, with white space between; after an address, behind a comma, the one past a pgBouncer. */
const databasesSetting = z
  .preprocess(
    (value) => (typeof value === 'string' ? readDatabases(value) : value),
    z.record(
      z.string(),
      z.strictObject({
        url: z.string().regex(/^postgres(ql)?:\/\//, 'an address must begin with postgres:// or postgresql://'),
        direct_url: z
          .string()
          .regex(/^postgres(ql)?:\/\//, 'an address must begin with postgres:// or postgresql://')
          .optional(),
      }),
    ),
  )
  .superRefine((databases, context) => {
    const names = Object.keys(databases)
    if (names.length > databasesMax)
      context.addIssue({ code: 'custom', message: `there may be ${databasesMax} of them` })
    for (const name of names)
      for (const { message } of databaseNameSchema.safeParse(name).error?.issues ?? [])
        context.addIssue({ code: 'custom', message: `"${name}" is no name of a database: ${message}` })
  })

function readDatabases(text: string): Record<string, { url: string; direct_url?: string }> {
  return Object.fromEntries(
    text
      .split(/\s+/)
      .filter((entry) => entry !== '')
      .map((entry) => {
        const at = entry.indexOf('=')
        const [url = '', directUrl] = entry.slice(at + 1).split(',')
        return [entry.slice(0, Math.max(at, 0)), { url, ...(directUrl === undefined ? {} : { direct_url: directUrl }) }]
      }),
  )
}

/** Databases of tenants beside the main one. */
export const tenancySettingsSchema = z
  .strictObject({
    /** Those share the new tenants with the main one. */
    shards: databasesSetting.default({}),
    /** Each for one tenant, which is put there by name. */
    own: databasesSetting.default({}),
  })
  .superRefine(({ shards, own }, context) => {
    for (const name of Object.keys(own))
      if (name in shards)
        context.addIssue({
          code: 'custom',
          path: ['own'],
          message: `"${name}" is a shard already; give it another name`,
        })
  })
export type TenancySettings = z.output<typeof tenancySettingsSchema>

export const tenancySettingNames = {
  JIDOKA_CLOUD_SHARDS: 'tenancy.shards',
  JIDOKA_CLOUD_OWN_DATABASES: 'tenancy.own',
} as const

export const hasOthers = ({ shards, own }: TenancySettings): boolean =>
  Object.keys(shards).length + Object.keys(own).length > 0

/** With the names that the settings of the main one have. */
export const otherDatabases = ({ shards, own }: TenancySettings) =>
  [...Object.entries(shards), ...Object.entries(own)].map(([name, { url, direct_url: directUrl }]) => ({
    name,
    database_url: url,
    database_direct_url: directUrl,
  }))
