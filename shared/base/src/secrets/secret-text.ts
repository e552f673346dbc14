export const redacted = '[redacted]'

const names =
  /(?:^|_)(?:password|passwd|passphrase|token|secret|authorization|cookie|private_key|api_key|access_key|signature|credential|jwt|master_key|data_key)s?(?:_hash|_sha256)?$/

/** Whether a member of this name holds a secret: `set-cookie`, `accessToken`, `password_hash`. */
export function isSecretName(name: string): boolean {
  // Longer names are data.
  if (name.length > 64) return false
  return names.test(
    name
      .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
      .replaceAll('-', '_')
      .toLowerCase(),
  )
}

interface SecretForm {
  readonly form: RegExp
  readonly by: string
}

/** Every repetition is bounded or runs to the end once, so that no text takes long. */
const forms: readonly SecretForm[] = [
  { form: /-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,20}PRIVATE KEY-----|$)/g, by: redacted },
  { form: /\b(bearer|basic)\s{1,3}[\w.~+/=-]{8,8192}/gi, by: `$1 ${redacted}` },
  // A token of ours or of another's: two or three parts of base64url, the first of which is an object of JSON. That of a link has two.
  { form: /\beyJ[\w-]{5,8192}\.[\w-]{5,4096}(?:\.[\w-]{0,4096})?/g, by: redacted },
  // Vault's.
  { form: /\bhv[sbr]\.[\w-]{20,512}/g, by: redacted },
  // An address with a login.
  { form: /(:\/\/[^\s/:@]{0,128}):[^\s/@]{1,256}@/g, by: `$1:${redacted}@` },
  {
    form: /\b((?:[a-z]{1,16}_)?(?:password|passwd|pwd|secret|token|api[_-]?key)["']?\s{0,2}[=:]\s{0,2}["']?)[^\s"',;&}[\]]{1,512}/gi,
    by: `$1${redacted}`,
  },
]

/** Takes out of a text what has the form of a secret. One without any form is found by its name alone: keep secrets in members of their own. */
export function redactSecrets(text: string): string {
  return forms.reduce((left, { form, by }) => left.replace(form, by), text)
}
