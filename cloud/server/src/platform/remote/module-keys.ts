import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { accessSync, constants, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '@jidoka/base'
import { describeError } from '@jidoka/base'
import { KeyError, readKey, readPublicKeyFile, writeFirstKey, writeKey } from '../key-file.ts'
import type { KeyPair } from '../key-file.ts'
import { datedKeys, firstKeyName, inUseAt, isoSeconds, laterKeyName } from '../key-names.ts'
import { remoteLimits } from './limits.ts'
import { moduleNames } from './module-names.ts'
import type { ModuleName } from './module-names.ts'
import type { ModuleKeyFolders } from './settings.ts'

interface PublicKey {
  readonly module: ModuleName
  readonly publicKey: KeyObject
  readonly fromMs: number
  /** When it is not believed any more. */
  readonly untilMs: number
}
type SecretKey = KeyPair & { readonly fromMs: number }

interface State {
  /** Of the modules of this process. */
  readonly secret: ReadonlyMap<ModuleName, readonly SecretKey[]>
  /** Of all, by the `kid` that stands in a token. */
  readonly known: ReadonlyMap<string, PublicKey>
}

/** Names the module too: a key of one can never be taken for a key of another. */
const kidOf = (module: ModuleName, keyId: string): string => `${module}:${keyId}`

/** What tokens of modules are signed with, and held against. */
export interface ModuleKeyRing {
  /** @throws KeyError for a module that does not run in this process */
  signer(module: ModuleName): { readonly kid: string; readonly privateKey: KeyObject }
  /** Whose key it is; null when none of that name is believed now. */
  find(kid: string): Promise<{ readonly module: ModuleName; readonly publicKey: KeyObject } | null>
}

/**
 * A process holds the secret keys of its own modules, and the public ones of all: a module that is broken into can name itself nobody else, if it cannot write
 * among the public ones. Two keys of a module are believed while they change, which the names of their files say. Read anew now and then, so that a rotation needs no restart.
 */
export class ModuleKeys implements ModuleKeyRing {
  readonly #modules: readonly ModuleName[]
  readonly #folders: ModuleKeyFolders
  readonly #clock: Clock
  #state: State
  #readAtMs = 0
  #readOf = 0

  private constructor(modules: readonly ModuleName[], folders: ModuleKeyFolders, clock: Clock, state: State) {
    this.#modules = modules
    this.#folders = folders
    this.#clock = clock
    this.#state = state
  }

  /**
   * Makes the first key of a module where nobody knows one yet.
   * @throws KeyError, also where others would not believe what this process signs
   */
  static async open(modules: readonly ModuleName[], folders: ModuleKeyFolders, clock: Clock): Promise<ModuleKeys> {
    for (const folder of [folders.secret, folders.public]) makeFolder(folder)
    for (const module of modules) makeFirst(module, folders)
    const keys = new ModuleKeys(modules, folders, clock, { secret: new Map(), known: new Map() })
    await keys.reload()
    return keys
  }

  /** Modules that do not run here and whose secret keys lie here all the same: then this process could name itself one of them. */
  get foreign(): ModuleName[] {
    return moduleNames.filter(
      (name) => !this.#modules.includes(name) && datedKeys(this.#folders.secret, name).length > 0,
    )
  }

  /** Then this process could put a key there and name itself whichever module it likes. */
  get mayWritePublic(): boolean {
    const folder = this.#folders.public
    const files = moduleNames.flatMap((name) => datedKeys(folder, name)).map(({ file }) => join(folder, file))
    return [folder, ...files].some(mayWrite)
  }

  async reload(): Promise<void> {
    this.#readAtMs = this.#clock.monotonicMs()
    this.#readOf = statSync(this.#folders.public).mtimeMs
    this.#state = await read(this.#modules, this.#folders, this.#clock.nowMs())
  }

  signer(module: ModuleName): { readonly kid: string; readonly privateKey: KeyObject } {
    const key = inUseAt(this.#state.secret.get(module) ?? [], this.#clock.nowMs())
    if (key === undefined) throw new KeyError(`The module ${module} does not run in this process, and signs nothing.`)
    return { kid: kidOf(module, key.keyId), privateKey: key.privateKey }
  }

  async find(kid: string): Promise<{ readonly module: ModuleName; readonly publicKey: KeyObject } | null> {
    if (!this.#state.known.has(kid) && this.#mayBeThere()) await this.reload()
    const key = this.#state.known.get(kid)
    const nowMs = this.#clock.nowMs()
    return key === undefined || nowMs < key.fromMs - remoteLimits.keyOverlapMs || nowMs >= key.untilMs ? null : key
  }

  /** A process that has just begun has written its key there. What was written in the instant of the last look shows a second later. */
  #mayBeThere(): boolean {
    const isLongAgo = this.#clock.monotonicMs() - this.#readAtMs >= remoteLimits.keyLookMs
    return isLongAgo || statSync(this.#folders.public).mtimeMs !== this.#readOf
  }
}

/**
 * Makes the next key of a module, or its first, to sign from the end of the grace on; the public half is for the processes of all modules.
 * @throws KeyError while another one waits to sign
 */
export async function rotateModuleKey(
  module: ModuleName,
  folders: ModuleKeyFolders,
  { nowMs, graceMs }: { nowMs: number; graceMs: number },
): Promise<{ readonly keyId: string; readonly file: string; readonly signsFrom: string | null }> {
  for (const folder of [folders.secret, folders.public]) makeFolder(folder)
  const before = datedKeys(folders.secret, module)
  const waiting = before.find(({ fromMs }) => fromMs > nowMs)
  if (waiting !== undefined)
    throw new KeyError(
      `The key ${waiting.file} does not sign yet; it will from ${new Date(waiting.fromMs).toISOString()} on. Wait for it, or remove it from both folders first.`,
    )
  const isFirst = before.length === 0 && datedKeys(folders.public, module).length === 0
  const file = isFirst ? firstKeyName(module) : laterKeyName(module, nowMs + graceMs)
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  // The public half first: what signs is always known.
  writeKey(join(folders.public, file), publicKey)
  writeKey(join(folders.secret, file), privateKey)
  const { keyId } = await readPublicKeyFile(join(folders.public, file), 'ed25519')
  return { keyId, file, signsFrom: isFirst ? null : isoSeconds(nowMs + graceMs) }
}

function mayWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new KeyError(`The folder for keys of modules ${folder} cannot be made: ${describeError(cause)}.`, { cause })
  }
}

/** The public half too, where nobody has one of that module: who comes second is not believed. */
function makeFirst(module: ModuleName, folders: ModuleKeyFolders): void {
  const file = join(folders.secret, firstKeyName(module))
  const isKnown = datedKeys(folders.public, module).length > 0
  if (datedKeys(folders.secret, module).length === 0) {
    if (isKnown)
      throw new KeyError(
        `The module ${module} has a public key in ${folders.public}, and no secret one in ${folders.secret}. JIDOKA_CLOUD_MODULE_KEYS names the folder in which it lies; "rotate-module-key ${module} 0" makes another.`,
      )
    writeFirstKey(file, generateKeyPairSync('ed25519').privateKey)
  }
  if (isKnown || !existsSync(file)) return
  const publicFile = join(folders.public, firstKeyName(module))
  try {
    writeFirstKey(publicFile, createPublicKey(readFileSync(file)))
  } catch (cause) {
    throw new KeyError(
      `The public key ${publicFile} cannot be written: ${describeError(cause)}. Make both halves beforehand with "rotate-module-key ${module}".`,
      { cause },
    )
  }
}

async function read(modules: readonly ModuleName[], folders: ModuleKeyFolders, nowMs: number): Promise<State> {
  const known = new Map<string, PublicKey>()
  for (const module of moduleNames) {
    const files = datedKeys(folders.public, module)
    for (const [index, { file, fromMs }] of files.entries()) {
      const { keyId, publicKey } = await readPublicKeyFile(join(folders.public, file), 'ed25519')
      const untilMs = (files[index + 1]?.fromMs ?? Infinity) + remoteLimits.keyOverlapMs
      known.set(kidOf(module, keyId), { module, publicKey, fromMs, untilMs })
    }
  }
  const secret = new Map<ModuleName, SecretKey[]>()
  for (const module of modules) {
    const keys: SecretKey[] = []
    for (const { file, fromMs } of datedKeys(folders.secret, module))
      keys.push({ ...(await readKey(join(folders.secret, file), 'ed25519')), fromMs })
    const signs = inUseAt(keys, nowMs)
    if (signs === undefined || !known.has(kidOf(module, signs.keyId)))
      throw new KeyError(
        `The public half of the key that ${module} signs with is not in ${folders.public}, so no other module believes it. Copy it there.`,
      )
    secret.set(module, keys)
  }
  return { secret, known }
}
