/** In the place of what must not leave. */
export const scrubbed = '[set]'

const secretName = /password|passwd|token|secret|private|credential|^key$|^headers$/i
/** Shorter secrets are parts of ordinary words; those stand in addresses and under names, which are looked at in any case. */
const secretLengthMin = 6

/** Hashes of passwords and of devices' secrets, by the way that this product writes them. */
const hashes = /\b(scrypt|sha256)\$[\w$.+/=-]+/g

/** A configuration as it may be shown: what is named like a secret is only said to be set, and addresses lose their logins. */
export function withoutSecrets(value: unknown): unknown {
  if (typeof value === 'string') return withoutLogin(value)
  if (Array.isArray(value)) return value.map(withoutSecrets)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [
      name,
      secretName.test(name) && each !== null && each !== undefined ? scrubbed : withoutSecrets(each),
    ]),
  )
}

/** Takes secrets that are known out of a text, wherever they have come into it: a driver's message may quote an address. */
export function scrub(text: string, secrets: readonly string[]): string {
  let clean = withoutLogin(text).replace(hashes, scrubbed)
  for (const secret of secrets) {
    if (secret.length < secretLengthMin) continue
    // Also as JSON writes it.
    for (const form of new Set([secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)]))
      clean = clean.replaceAll(form, scrubbed)
  }
  return clean
}

/** `postgres://user:password@host` becomes `postgres://[set]@host`, also in the middle of a sentence. */
const withoutLogin = (text: string): string => text.replace(/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@"]+@/gi, `$1${scrubbed}@`)
