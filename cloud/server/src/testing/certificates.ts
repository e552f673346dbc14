import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'

// An authority of the test's own and what it signs, by openssl: Node makes keys and no certificates.

/** Why certificates cannot be made here; null when they can. */
export function opensslIsMissing(): string | null {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' })
    return null
  } catch {
    return 'openssl is not on the PATH'
  }
}

export interface CertificateFiles {
  readonly key: string
  readonly certificate: string
}

export class Authority {
  readonly #folder: string
  readonly #own: CertificateFiles

  constructor(folder: string) {
    this.#folder = folder
    this.#own = { key: join(folder, 'authority.key'), certificate: join(folder, 'authority.crt') }
    const { key, certificate } = this.#own
    openssl(['req', '-x509', ...newKey(key), '-days', '2', '-subj', '/CN=Authority of a test', '-out', certificate])
  }

  get file(): string {
    return this.#own.certificate
  }

  /** @param names as in a certificate: `IP:127.0.0.1`, `DNS:redis.example` */
  sign(name: string, names: string): CertificateFiles {
    const files = { key: join(this.#folder, `${name}.key`), certificate: join(this.#folder, `${name}.crt`) }
    const [request, extension] = [join(this.#folder, `${name}.csr`), join(this.#folder, `${name}.ext`)]
    openssl(['req', ...newKey(files.key), '-subj', `/CN=${name}`, '-out', request])
    writeFileSync(extension, `subjectAltName=${names}\n`)
    const by = ['-CA', this.#own.certificate, '-CAkey', this.#own.key, '-CAcreateserial', '-extfile', extension]
    openssl(['x509', '-req', '-in', request, ...by, '-days', '2', '-out', files.certificate])
    return files
  }

  /** This process trusts it, as with NODE_EXTRA_CA_CERTS, until the returned function is called. */
  trusted(): () => void {
    const before = getCACertificates('default')
    setDefaultCACertificates([...before, readFileSync(this.#own.certificate, 'utf8')])
    return () => setDefaultCACertificates(before)
  }
}

const newKey = (file: string) => ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', file]
const openssl = (args: readonly string[]) => execFileSync('openssl', args, { stdio: 'ignore' })
