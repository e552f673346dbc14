import { expect, it } from 'vitest'
import { readConfig } from '../../config.ts'
import { FolderBlobs } from './folder-blobs.ts'
import { S3Blobs } from './s3-blobs.ts'
import { openBlobs } from './settings.ts'

const bucket = { S3_ENDPOINT: 'http://minio:9000', S3_ACCESS_KEY: 'a', S3_SECRET_KEY: 'b' }

it('files lie in a folder, and in a bucket when an endpoint is set', () => {
  expect(openBlobs(readConfig({}).objects, '/data')).toBeInstanceOf(FolderBlobs)
  expect(openBlobs(readConfig(bucket).objects, '/data')).toBeInstanceOf(S3Blobs)
})

it('a mistake in the settings is a sentence that names the variable, without the secret', () => {
  const mistakes: [Record<string, string>, string][] = [
    [{ S3_ENDPOINT: 'http://minio:9000' }, '(S3_ACCESS_KEY) is wrong: it is not set, and S3_ENDPOINT is'],
    [{ ...bucket, S3_ENDPOINT: 'minio:9000' }, '(S3_ENDPOINT) is wrong: it must be http:// or https://'],
    [
      { ...bucket, S3_ENDPOINT: 'http://user:secret-word@minio' },
      '(S3_ENDPOINT) is wrong: it must be http:// or https://',
    ],
    [{ ...bucket, S3_BUCKET: 'A_b' }, '(S3_BUCKET) is wrong: it must have 3 to 63 small letters'],
    [
      { ...bucket, JIDOKA_CLOUD_OBJECTS_FOLDER: '/x' },
      '(JIDOKA_CLOUD_OBJECTS_FOLDER) is wrong: objects lie in a bucket',
    ],
  ]
  for (const [environment, said] of mistakes) {
    expect(() => readConfig(environment)).toThrow(said)
    expect(() => readConfig(environment)).not.toThrow('secret-word')
  }
})
