export interface WrappedKey {
  /** Names the master key; kept beside the wrapped key, so that it is known what must be wrapped anew after a rotation. */
  readonly keyId: string
  readonly wrapped: Uint8Array
}

/**
 * Where master keys are kept: a file, the environment, Vault, AWS KMS. Several can unwrap, one wraps. Each method may ask another machine, so nobody
 * calls one with a transaction open.
 */
export interface MasterKeys {
  readonly source: 'file' | 'environment' | 'vault' | 'kms'
  /** The key that wraps now. @throws SecretError */
  activeKeyId(): Promise<string>
  /** `binding` must be handed in again to unwrap. @throws SecretError */
  wrap(dataKey: Uint8Array, binding: Uint8Array): Promise<WrappedKey>
  /** @throws SecretError */
  unwrap(key: WrappedKey, binding: Uint8Array): Promise<Buffer>
  /** Makes a new key the one that wraps; older ones still unwrap. Returns its id. @throws SecretError */
  rotate(): Promise<string>
}
