/** How the module is made from its sources; used by `build.ts` and `verify.ts`. Everything that decides its bytes is here. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('.', import.meta.url))
export const crateFolder = join(folder, 'crate')
export const modulePath = join(folder, 'wasm', 'jidoka_rules.wasm')
export const buildNotePath = join(folder, 'wasm', 'BUILD.json')
const builtPath = join(crateFolder, 'target', 'wasm32-unknown-unknown', 'release', 'jidoka_rules.wasm')

/** The module's memory: its stack (first, so that an overflow runs into address 0 and traps) and its heap. */
const memoryBytesMax = 64 * 1024 * 1024
const stackBytes = 1024 * 1024

export interface Toolchain {
  readonly rustc: string
  readonly cargo: string
  readonly linker: string
}

export interface BuildNote {
  /** SHA-256 over the crate's files and this recipe: what the module was built from. */
  readonly sourceDigest: string
  readonly moduleSha256: string
  readonly toolchain: Toolchain
}

export function sha256(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Digest of the sources, the lockfile and the recipe, whatever folder they lie in. */
export function sourceDigest(): string {
  const files = readdirSync(crateFolder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !relative(crateFolder, path).startsWith('target'))
  const lines = [...files, fileURLToPath(import.meta.url)].map((path) => {
    const name = relative(folder, path).replaceAll('\\', '/')
    return `${name} ${sha256(readFileSync(path))}\n`
  })
  return sha256(lines.sort().join(''))
}

export function readBuildNote(): BuildNote {
  return JSON.parse(readFileSync(buildNotePath, 'utf8')) as BuildNote
}

/**
 * Debian's compiler (packages rustc-web, cargo-web, rust-web-src) has the standard library's sources, which a target
 * without a prebuilt one needs. Other installations: JIDOKA_RUSTC, JIDOKA_CARGO, JIDOKA_WASM_LD.
 */
export interface ToolPaths {
  readonly rustc: string
  readonly cargo: string
  readonly linker: string
}

export function findTools(environment: NodeJS.ProcessEnv): ToolPaths | undefined {
  const linkers = ['wasm-ld-22', 'wasm-ld-21', 'wasm-ld-20', 'wasm-ld-19', 'wasm-ld'].map((name) => `/usr/bin/${name}`)
  const rustc = environment['JIDOKA_RUSTC'] ?? '/usr/bin/rustc'
  const cargo = environment['JIDOKA_CARGO'] ?? '/usr/bin/cargo'
  const linker = environment['JIDOKA_WASM_LD'] ?? linkers.find((path) => existsSync(path))
  if (linker === undefined || !existsSync(rustc) || !existsSync(cargo)) return undefined
  const sysroot = output(rustc, ['--print', 'sysroot'])
  const hasSources =
    existsSync(join(sysroot, 'lib/rustlib/src/rust/library/std')) || existsSync('/usr/lib/rustlib/src/rust/library/std')
  return hasSources ? { rustc, cargo, linker } : undefined
}

export function toolchainOf(tools: ToolPaths): Toolchain {
  return {
    rustc: output(tools.rustc, ['--version']),
    cargo: output(tools.cargo, ['--version']),
    linker: output(tools.linker, ['--version']),
  }
}

function output(command: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  if (error !== undefined || status !== 0) {
    throw new Error(`${command} ${args.join(' ')} failed: ${stderr}`, { cause: error })
  }
  return stdout.trim()
}

/** Builds the module and answers its bytes. Equal sources and tools give equal bytes, in any folder. */
export function buildModule(tools: ToolPaths, environment: NodeJS.ProcessEnv): Uint8Array {
  const cargoHome = environment['CARGO_HOME'] ?? join(homedir(), '.cargo')
  const flags = [
    `-Clink-arg=--max-memory=${memoryBytesMax}`,
    `-Clink-arg=-zstack-size=${stackBytes}`,
    '-Clink-arg=--stack-first',
    // Engines make a call of every `memory.copy`, also of 16 bytes; without it the compiler writes such copies out.
    '-Ctarget-feature=-bulk-memory,-bulk-memory-opt',
    // No path of the machine in panic messages, and none that decides bytes.
    `--remap-path-prefix=${crateFolder}=/crate`,
    `--remap-path-prefix=${cargoHome}=/cargo`,
  ]
  const { status, error } = spawnSync(tools.cargo, ['build', '--release', '--locked'], {
    cwd: crateFolder,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...environment,
      CARGO_HOME: cargoHome,
      CARGO_ENCODED_RUSTFLAGS: flags.join('\u001f'),
      CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER: tools.linker,
      RUSTC: tools.rustc,
      // `-Z build-std` is still called unstable; this lets the stable compiler do it.
      RUSTC_BOOTSTRAP: '1',
      // Rhai's hashing (ahash) draws a seed when it is compiled; a fixed one makes builds equal.
      CONST_RANDOM_SEED: 'jidoka-rules',
    },
  })
  if (error !== undefined || status !== 0) throw new Error(`cargo ended with ${status}`, { cause: error })
  return readFileSync(builtPath)
}
