import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Authority, opensslIsMissing } from '../../testing/certificates.ts'
import type { CertificateFiles } from '../../testing/certificates.ts'
import { postgres15 } from '../../testing/postgres-programs.ts'
import { postgresServer } from '../../testing/stores.ts'
import type { PostgresServer } from '../../testing/stores.ts'
import { openBackend } from './open.ts'

const missing = postgres15.missing ?? opensslIsMissing()

describe.skipIf(missing !== null)(`PostgreSQL by TLS${missing === null ? '' : ` (skipped: ${missing})`}`, () => {
  let folder: string
  let authority: Authority
  let server: PostgresServer
  const ends: (() => void)[] = []
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'jidoka-postgres-tls-'))
    chmodSync(folder, 0o755)
    authority = new Authority(folder)
    server = await postgresServer(settingsOf(authority.sign('database', 'DNS:localhost')))
  })
  afterEach(() => {
    for (const end of ends.splice(0)) end()
  })
  afterAll(async () => {
    await server.end()
    rmSync(folder, { recursive: true })
  })

  /** The server takes no key that another than its user owns. */
  function settingsOf({ key, certificate }: CertificateFiles): string[] {
    const { owner } = postgres15
    if (owner !== null) chownSync(key, owner.uid, owner.gid)
    return ['fsync=off', 'ssl=on', `ssl_cert_file=${certificate}`, `ssl_key_file=${key}`]
  }
  /** Whether the line of a connection to the host is encrypted. */
  const ask = async (host: string, mode: string) => {
    const url = server.url('template_migrated').replace('127.0.0.1', host)
    const ignored = () => undefined
    const backend = await openBackend({
      url: `${url}?sslmode=${mode}`,
      folder: '',
      onFailure: ignored,
      onBrokenConnection: ignored,
    })
    try {
      const { rows } = await backend.pool.query<{ ssl: boolean; version: string }>(
        'select ssl, version from pg_stat_ssl where pid = pg_backend_pid()',
      )
      return rows[0]
    } finally {
      await backend.close()
    }
  }

  it('is spoken with, as it shows a certificate of an authority that is trusted, for the host that was asked for', async () => {
    ends.push(authority.trusted())
    expect(await ask('localhost', 'verify-full')).toEqual({ ssl: true, version: 'TLSv1.3' })
    expect(await ask('localhost', 'disable')).toMatchObject({ ssl: false })
  })

  it('with a certificate that nobody trusts, or of another host, is not signed in to', async () => {
    await expect(ask('localhost', 'verify-full')).rejects.toThrow(/self.signed|unable to verify|local issuer/)
    ends.push(authority.trusted())
    await expect(ask('127.0.0.1', 'verify-full')).rejects.toThrow('does not match certificate')
  })
})
