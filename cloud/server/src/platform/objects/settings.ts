import { join } from 'node:path'
import { z } from 'zod'
import type { Blobs } from './blobs.ts'
import { FolderBlobs } from './folder-blobs.ts'
import { S3Blobs } from './s3-blobs.ts'

/** Where objects lie: in a bucket when an endpoint is set, else in a folder. */
export const objectsSettingsSchema = z
  .strictObject({
    endpoint: z
      .string()
      .refine(
        (text) => /^https?:\/\/[^/@?#]+\/?$/.test(text) && URL.canParse(text),
        'it must be http:// or https:// with a host and, where needed, a port, and nothing behind',
      )
      .optional(),
    bucket: z
      .string()
      .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'it must have 3 to 63 small letters, digits, "." or "-"')
      .default('jidoka'),
    region: z.string().min(1).max(60).default('us-east-1'),
    access_key: z.string().min(1).max(200).optional(),
    secret_key: z.string().min(1).max(200).optional(),
    /** Absent: `objects` in the data folder. Replicas without a bucket share it. */
    folder: z.string().min(1).optional(),
    /** What a tenant may store whose own row says nothing else: two years of archives of a large one. */
    quota_bytes: z.coerce
      .number()
      .int()
      .min(0)
      .max(Number.MAX_SAFE_INTEGER)
      .default(500 * 1000 ** 3),
    /** Each is a row, and the usage is counted from them. */
    quota_files: z.coerce.number().int().min(0).max(100_000_000).default(100_000),
  })
  .superRefine(({ endpoint, access_key: accessKey, secret_key: secretKey, folder }, context) => {
    const wrong = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message })
    if (endpoint === undefined) return
    if (accessKey === undefined) wrong('access_key', 'it is not set, and S3_ENDPOINT is')
    if (secretKey === undefined) wrong('secret_key', 'it is not set, and S3_ENDPOINT is')
    if (folder !== undefined) wrong('folder', 'objects lie in a bucket when S3_ENDPOINT is set. Leave one of both out')
  })
export type ObjectsSettings = z.output<typeof objectsSettingsSchema>

export const objectsSettingNames = {
  S3_ENDPOINT: 'objects.endpoint',
  S3_BUCKET: 'objects.bucket',
  S3_REGION: 'objects.region',
  S3_ACCESS_KEY: 'objects.access_key',
  S3_SECRET_KEY: 'objects.secret_key',
  JIDOKA_CLOUD_OBJECTS_FOLDER: 'objects.folder',
  JIDOKA_CLOUD_OBJECTS_QUOTA_BYTES: 'objects.quota_bytes',
  JIDOKA_CLOUD_OBJECTS_QUOTA_FILES: 'objects.quota_files',
} as const

/** Asks nobody yet. @param data the data folder */
export function openBlobs(settings: ObjectsSettings, data: string): Blobs {
  const { endpoint, bucket, region, access_key: accessKey, secret_key: secretKey } = settings
  if (endpoint === undefined || accessKey === undefined || secretKey === undefined)
    return new FolderBlobs(settings.folder ?? join(data, 'objects'))
  return new S3Blobs({ endpoint, bucket, region, accessKey, secretKey })
}
