/** `node shared/rules/build.ts`: builds the WebAssembly module and notes what from. Commit both files. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { buildModule, buildNotePath, findTools, modulePath, sha256, sourceDigest, toolchainOf } from './build-recipe.ts'

const tools = findTools(process.env)
if (tools === undefined) {
  process.stderr.write(
    'No compiler for WebAssembly with the sources of its standard library. On Debian 12:\n' +
      '  apt-get install --no-install-recommends rustc-web cargo-web rust-web-src lld-22\n',
  )
  process.exit(2)
}
const module = buildModule(tools, process.env)
const note = { sourceDigest: sourceDigest(), moduleSha256: sha256(module), toolchain: toolchainOf(tools) }
mkdirSync(dirname(modulePath), { recursive: true })
writeFileSync(modulePath, module)
writeFileSync(buildNotePath, `${JSON.stringify(note, null, 2)}\n`)
process.stdout.write(`${modulePath}: ${module.length} bytes, sha256 ${note.moduleSha256}\n`)
