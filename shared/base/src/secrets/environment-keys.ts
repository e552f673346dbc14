import { KeyRing, parseKey } from './key-ring.ts'
import type { MasterKeys, WrappedKey } from './master-keys.ts'
import { SecretError } from './secret-error.ts'

/** More than that were never taken out. */
const keysMax = 16

/** Master keys that are handed to the program at its start: base64, the one that wraps first, older ones behind commas. */
export class EnvironmentKeys implements MasterKeys {
  readonly source = 'environment'
  readonly #ring: KeyRing

  /** @throws SecretError `misconfigured` */
  constructor(text: string) {
    const keys = text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '')
      .map(parseKey)
    if (keys.length === 0 || keys.length > keysMax || keys.includes(null))
      throw new SecretError(
        'misconfigured',
        `The master keys are 1 to ${keysMax} keys of 32 bytes as base64, with commas between them, the one that seals first. Make one with: openssl rand -base64 32`,
      )
    this.#ring = new KeyRing(keys.filter((key) => key !== null))
  }

  activeKeyId(): Promise<string> {
    return Promise.resolve(this.#ring.activeKeyId)
  }

  async wrap(dataKey: Uint8Array, binding: Uint8Array): Promise<WrappedKey> {
    return this.#ring.wrap(dataKey, binding)
  }

  async unwrap(key: WrappedKey, binding: Uint8Array): Promise<Buffer> {
    return this.#ring.unwrap(key, binding)
  }

  rotate(): Promise<string> {
    return Promise.reject(
      new SecretError(
        'misconfigured',
        'The master keys are in the environment, which this program cannot write. Put a new key before the others, keep those behind it, restart, then rewrap.',
      ),
    )
  }
}
