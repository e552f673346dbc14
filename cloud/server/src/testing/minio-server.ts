import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'minio'
import { freePort } from './free-port.ts'
import { findPrebuilt, unpacked } from './prebuilt-program.ts'

// A real MinIO for tests, on a free port of loopback.

/** It answers within this on a machine under load, or it did not start. */
const startMsMax = 30_000

const findMinio = () => findPrebuilt('MINIO', ['minio'])

/** Why tests on MinIO cannot run here; null when they can. */
export function minioIsMissing(): string | null {
  return findMinio() === null ? 'no minio: set MINIO to a server, or put one on the PATH' : null
}

export class MinioServer {
  static readonly accessKey = 'jidoka-test'
  static readonly secretKey = 'of-the-test-alone'
  readonly endpoint: string
  readonly folder: string
  readonly #child: ChildProcess

  private constructor(endpoint: string, folder: string, child: ChildProcess) {
    this.endpoint = endpoint
    this.folder = folder
    this.#child = child
  }

  static async start(): Promise<MinioServer> {
    const found = findMinio()
    if (found === null) throw new Error('there is no minio')
    const folder = mkdtempSync(join(tmpdir(), 'jidoka-minio-'))
    const address = `127.0.0.1:${await freePort()}`
    const child = spawn(unpacked(found, 'minio'), ['server', '--quiet', '--address', address, folder], {
      stdio: 'ignore',
      env: {
        ...process.env,
        MINIO_ROOT_USER: MinioServer.accessKey,
        MINIO_ROOT_PASSWORD: MinioServer.secretKey,
        MINIO_BROWSER: 'off',
        MINIO_UPDATE: 'off',
      },
    })
    const server = new MinioServer(`http://${address}`, folder, child)
    const endsMs = performance.now() + startMsMax
    while (!(await server.#answers())) {
      if (child.exitCode !== null || performance.now() > endsMs) {
        await server.close()
        throw new Error('minio does not answer; start it by hand to see why')
      }
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    return server
  }

  async close(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = new Promise((resolve) => this.#child.once('exit', resolve))
      this.#child.kill('SIGKILL')
      await ended
    }
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** A request of its user is served: its own page says that it is ready before that, and it refuses with 503 what comes between. */
  async #answers(): Promise<boolean> {
    const { hostname, port } = new URL(this.endpoint)
    const { accessKey, secretKey } = MinioServer
    const client = new Client({
      endPoint: hostname,
      port: Number(port),
      useSSL: false,
      region: 'us-east-1',
      accessKey,
      secretKey,
      retryOptions: { disableRetry: true },
    })
    try {
      await client.bucketExists('of-nobody')
      return true
    } catch {
      return false
    }
  }
}
