import { readFileSync, statSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { SecureContextOptions } from 'node:tls'
import { describeError, OperationalError } from '@jidoka/base'

export interface TlsFiles {
  /** PEM: the certificate of the broker, with those between it and its root. */
  readonly certFile: string
  /** PEM: its private key. */
  readonly keyFile: string
  /** PEM: who signs the certificates of devices. Absent: no device shows one. */
  readonly caFile?: string | undefined
}

/** What TLS is opened with. @throws OperationalError that names the file. */
export function readTlsFiles({ certFile, keyFile, caFile }: TlsFiles): SecureContextOptions {
  const options: SecureContextOptions = {
    cert: read(certFile, 'certificate'),
    key: read(keyFile, 'key'),
    ...(caFile === undefined ? {} : { ca: read(caFile, 'certificate of the devices\u2019 authority') }),
    minVersion: 'TLSv1.2',
  }
  try {
    createSecureContext(options)
  } catch (cause) {
    throw new OperationalError(
      `The certificate ${certFile} and the key ${keyFile} cannot be used (${describeError(cause)}). Both must be PEM and belong together.`,
      { cause },
    )
  }
  return options
}

/** Changes when one of the files does: a renewed certificate is taken without a restart. */
export const tlsFilesState = ({ certFile, keyFile, caFile }: TlsFiles): string =>
  [certFile, keyFile, ...(caFile === undefined ? [] : [caFile])]
    .map((file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0)
    .join()

function read(file: string, what: string): Buffer {
  try {
    return readFileSync(file)
  } catch (cause) {
    throw new OperationalError(`The ${what} ${file} of the MQTT broker cannot be read: ${describeError(cause)}.`, {
      cause,
    })
  }
}
