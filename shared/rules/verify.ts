/**
 * `node shared/rules/verify.ts [--rebuild]`: is the committed module the one that the sources make?
 *
 * Always: the module has the noted SHA-256, and the sources have the noted digest. With --rebuild the module is built again
 * too: with the noted toolchain it must come out byte for byte, with another one (a Debian update) it must behave the same,
 * which the package's tests decide. Without a toolchain --rebuild fails. Exit: 0 all is well, 1 it is not, 2 could not check.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildModule, findTools, modulePath, readBuildNote, sha256, sourceDigest, toolchainOf } from './build-recipe.ts'

function say(line: string): void {
  process.stdout.write(`rules: ${line}\n`)
}

function behavesTheSame(module: Uint8Array): boolean {
  const scratch = mkdtempSync(join(tmpdir(), 'jidoka-rules-'))
  try {
    const path = join(scratch, 'jidoka_rules.wasm')
    writeFileSync(path, module)
    const root = fileURLToPath(new URL('../..', import.meta.url))
    const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
    const { status } = spawnSync(process.execPath, [vitest, 'run', 'shared/rules'], {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, JIDOKA_RULES_WASM: path },
    })
    return status === 0
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** The exit code. */
function verify(withRebuild: boolean): number {
  const note = readBuildNote()
  if (sha256(readFileSync(modulePath)) !== note.moduleSha256) {
    say('the module is not the one that BUILD.json notes; build it again: node shared/rules/build.ts')
    return 1
  }
  say('the module has the noted SHA-256')
  if (sourceDigest() === note.sourceDigest) {
    say('the sources, the lockfile and the recipe have the noted digest')
    if (!withRebuild) return 0
  } else {
    say('the sources have changed since the module was built; build it again: node shared/rules/build.ts')
    // A change that leaves the module as it is (a comment) is no fault: building again tells.
    if (!withRebuild) return 1
  }

  const tools = findTools(process.env)
  if (tools === undefined) {
    say('cannot build it again: no compiler (see README.md)')
    return 2
  }
  const toolchain = toolchainOf(tools)
  const module = buildModule(tools, process.env)
  if (sha256(module) === note.moduleSha256) {
    say('built again: equal byte for byte')
    return 0
  }
  const isNotedToolchain = JSON.stringify(toolchain) === JSON.stringify(note.toolchain)
  if (isNotedToolchain) {
    say(`built again with the noted toolchain, it has other bytes (${module.length}, sha256 ${sha256(module)})`)
    return 1
  }
  say(`another toolchain than noted (${toolchain.rustc}; ${toolchain.linker}): comparing behaviour`)
  const isSame = behavesTheSame(module)
  say(isSame ? 'built again: behaves the same' : 'built again: behaves otherwise')
  return isSame ? 0 : 1
}

process.exitCode = verify(process.argv.includes('--rebuild'))
