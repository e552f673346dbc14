import { request as httpRequest } from 'node:http'
import type { ClientRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { Readable } from 'node:stream'
import { describeError } from '@jidoka/base'
import type * as Minio from 'minio'
import type { Client } from 'minio'
import type { Blobs } from './blobs.ts'
import { ObjectError } from './object-error.ts'
import { loadWhenNeeded } from '../when-needed.ts'

/** One of these is in memory for each object that is written; 10,000 of them, the most that S3 takes, are 160 GiB. */
const partBytes = 16 * 1_024 * 1_024
/** A server that says nothing for so long is gone: nobody waits for it for ever. */
const silenceMsMax = 30_000

export interface S3Settings {
  readonly endpoint: string
  readonly bucket: string
  readonly region: string
  readonly accessKey: string
  readonly secretKey: string
}

/** Blobs in a bucket of S3, MinIO, or what speaks like them. */
export class S3Blobs implements Blobs {
  readonly kind = 's3'
  readonly #client: Client
  readonly #settings: S3Settings
  /** The bucket is looked at, and made where it is missing, once. */
  #bucket: Promise<void> | undefined

  constructor(settings: S3Settings) {
    this.#settings = settings
    const { protocol, hostname, port } = new URL(settings.endpoint)
    const useSSL = protocol === 'https:'
    const { Client: S3Client } = loadWhenNeeded('minio') as typeof Minio
    this.#client = new S3Client({
      endPoint: hostname,
      useSSL,
      ...(port === '' ? {} : { port: Number(port) }),
      region: settings.region,
      accessKey: settings.accessKey,
      secretKey: settings.secretKey,
      partSize: partBytes,
      // Of a stream that was read nothing can be sent twice; a job or a person tries again.
      retryOptions: { disableRetry: true },
      transport: { request: impatient(useSSL ? httpsRequest : httpRequest) },
    })
  }

  async write(name: string, body: AsyncIterable<Uint8Array>): Promise<void> {
    await this.#ready()
    const pieces = body[Symbol.asyncIterator]()
    const first: Uint8Array[] = []
    let bytes = 0
    while (bytes < partBytes) {
      const { done, value } = await pieces.next()
      if (done === true) {
        // One request, where parts take four.
        await this.#asking(() => this.#client.putObject(this.#settings.bucket, name, Buffer.concat(first, bytes)))
        return
      }
      first.push(value)
      bytes += value.length
    }
    await this.#writeParts(name, first, pieces)
  }

  async #writeParts(name: string, first: Uint8Array[], pieces: AsyncIterator<Uint8Array>): Promise<void> {
    const rest = async function* () {
      yield* first.splice(0)
      for (;;) {
        const { done, value } = await pieces.next()
        if (done === true) return
        yield value
      }
    }
    const stream = Readable.from(rest(), { objectMode: false, highWaterMark: partBytes })
    // The client hears no error of the stream that it reads, and would wait for its end for ever.
    const failed = new Promise<never>((_resolve, reject) => {
      stream.once('error', (error) => reject(new BodyError(error)))
    })
    try {
      await this.#asking(() => Promise.race([this.#client.putObject(this.#settings.bucket, name, stream), failed]))
    } catch (error) {
      stream.destroy()
      await this.#forgetParts(name)
      if (error instanceof ObjectError && error.cause instanceof BodyError) throw error.cause.cause
      throw error
    }
  }

  async read(name: string, offset: number, length: number): Promise<Readable | null> {
    try {
      return await this.#client.getPartialObject(this.#settings.bucket, name, offset, length)
    } catch (error) {
      if (isNone(error)) return null
      throw this.#unusable(error)
    }
  }

  async remove(name: string): Promise<void> {
    await this.#ready()
    await this.#asking(() => this.#client.removeObject(this.#settings.bucket, name))
    await this.#asking(() =>
      this.#client.removeIncompleteUpload(this.#settings.bucket, name).catch((error: unknown) => {
        // The usual: the upload was finished, or was in one piece.
        if (codeOf(error) !== 'NoSuchUpload') throw error
      }),
    )
  }

  check(): Promise<void> {
    this.#bucket = undefined
    return this.#ready()
  }

  async #ready(): Promise<void> {
    this.#bucket ??= this.#asking(async () => {
      const { bucket, region } = this.#settings
      if (await this.#client.bucketExists(bucket)) return
      await this.#client.makeBucket(bucket, region).catch((error: unknown) => {
        // Another process was faster.
        if (codeOf(error) !== 'BucketAlreadyOwnedByYou') throw error
      })
    })
    try {
      await this.#bucket
    } catch (error) {
      this.#bucket = undefined
      throw error
    }
  }

  /** Parts of an upload that failed cost space until they are taken back; what removes the object does it again where this could not. */
  async #forgetParts(name: string): Promise<void> {
    await this.#client.removeIncompleteUpload(this.#settings.bucket, name).catch(() => undefined)
  }

  async #asking<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work()
    } catch (error) {
      throw this.#unusable(error)
    }
  }

  #unusable(cause: unknown): ObjectError {
    const { endpoint, bucket } = this.#settings
    return new ObjectError(
      'unavailable',
      `The bucket ${bucket} at ${endpoint} cannot be used: ${describeError(cause)}. Look at S3_ENDPOINT, S3_BUCKET and the access key, then try again.`,
      { cause },
    )
  }
}

/** What the body threw, on its way through the client. */
class BodyError extends Error {
  constructor(cause: unknown) {
    super('the body failed', { cause })
  }
}

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined

const isNone = (error: unknown): boolean => ['NoSuchKey', 'NotFound', 'NoSuchBucket'].includes(codeOf(error) ?? '')

/** Requests that end by themselves when the other end falls silent. */
function impatient(request: typeof httpRequest): typeof httpRequest {
  return ((...given: Parameters<typeof httpRequest>): ClientRequest => {
    const asked = request(...given)
    asked.setTimeout(silenceMsMax, () => asked.destroy(new Error(`no answer within ${silenceMsMax / 1_000} s`)))
    return asked
  }) as typeof httpRequest
}
