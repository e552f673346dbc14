import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { zstdDecompressSync } from 'node:zlib'

// A real MinIO for tests, on a free port of loopback.

/** Beside the checkout, packed. */
const packed = fileURLToPath(new URL('../../../../../shared/bin/minio.zst', import.meta.url))
/** It answers within this on a machine under load, or it did not start. */
const startMsMax = 30_000

/** Where its server is: what MINIO names, on the PATH, or packed beside the checkout; null where there is none. */
function findMinio(): string | null {
  const named = process.env['MINIO']
  if (named !== undefined) return existsSync(named) ? named : null
  const onPath = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'minio'))
  return [...onPath, packed].find((file) => existsSync(file)) ?? null
}

/** Why tests on MinIO cannot run here; null when they can. */
export function minioIsMissing(): string | null {
  return findMinio() === null ? 'no minio: set MINIO to a server, or put one on the PATH' : null
}

/** Unpacked once for all runs; beside it first, so that two that run at once cannot take half of it. */
function unpacked(file: string): string {
  if (!file.endsWith('.zst')) return file
  const program = join(tmpdir(), 'jidoka-test-minio')
  if (existsSync(program)) return program
  const fresh = `${program}.${process.pid}`
  writeFileSync(fresh, zstdDecompressSync(readFileSync(file)))
  chmodSync(fresh, 0o755)
  renameSync(fresh, program)
  return program
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
    const child = spawn(unpacked(found), ['server', '--quiet', '--address', address, folder], {
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

  async #answers(): Promise<boolean> {
    try {
      return (await fetch(`${this.endpoint}/minio/health/ready`, { signal: AbortSignal.timeout(1_000) })).ok
    } catch {
      return false // not listening yet
    }
  }
}

async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const { port } = probe.address() as AddressInfo
  await new Promise((resolve) => probe.close(resolve))
  return port
}
