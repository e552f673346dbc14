import { StepError } from './progress.mjs'

/** What tools print when something outside is wrong, and the sentence that helps. The first that fits is said. */
export const failures = [
  [
    /\bENOSPC\b|no space left on device/i,
    'The disk is full. Free about 1 GB where this checkout lies and start again.',
  ],
  [
    /\b407\b|proxy authentication required/i,
    'A proxy asks for a password. Set HTTPS_PROXY=http://user:password@host:port (and `npm config set proxy`), then start again.',
  ],
  [
    /SELF_SIGNED_CERT|UNABLE_TO_GET_ISSUER|UNABLE_TO_VERIFY_LEAF|CERT_HAS_EXPIRED|certificate/i,
    'The connection to the package registry was answered with a certificate that this machine does not trust, as a proxy that inspects traffic does. Ask for its root certificate and set NODE_EXTRA_CA_CERTS=/path/to/it.pem, then start again.',
  ],
  [
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT|network (?:request|error)|fetch failed|META_FETCH_FAIL/i,
    'The package registry cannot be reached. The first start needs the network once (about 150 MB); later ones do not. Check the connection, or set HTTPS_PROXY if this network needs a proxy, then start again.',
  ],
  [
    /ERR_PNPM_OUTDATED_LOCKFILE|frozen-lockfile/i,
    'pnpm-lock.yaml does not fit the package.json files: this checkout was changed by hand. Undo the change (`git checkout pnpm-lock.yaml`), or run `npx pnpm@12.21.0 install` if the change is meant.',
  ],
  [
    /\bE404\b|ERR_PNPM_FETCH_404|notarget|ERR_PNPM_NO_MATCHING_VERSION/i,
    'The package registry does not have a package that is needed. If this network uses a mirror, ask for it to be brought up to date, then start again.',
  ],
  [
    /\b(?:E401|E403|ERR_PNPM_FETCH_40[13])\b/i,
    'The package registry refuses access. Check the registry and the credentials in your .npmrc, then start again.',
  ],
  [
    /\bEACCES\b|\bEPERM\b|\bEROFS\b/i,
    'A file cannot be written. Make sure that this folder belongs to you (no root is needed), then start again.',
  ],
  [/^ENOENT .*npm/i, 'npm was not found. Install Node.js with npm (18 or newer), then start again.'],
]

/** One sentence that helps, then what the tool itself said, for whoever asks further. */
export function explain(error) {
  if (!(error instanceof StepError)) return error instanceof Error ? error.message : String(error)
  const known = failures.find(([pattern]) => pattern.test(error.output))
  const said = error.output.trim().split('\n').slice(-12).join('\n  ')
  const sentence = known ? known[1] : `“${error.step}” failed. What it printed last is below.`
  return `${sentence}\n\n  ${said}`
}
