// The one file that any Node >= 18 can run: it finds or brings a Node that fits, brings the packages, builds the pages
// that changed, and goes on with that Node in the program that was asked for. Everything else is TypeScript.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { buildPages } from './build-pages.mjs'
import { commands } from './commands.mjs'
import { explain } from './failures.mjs'
import { ensureNode } from './node-runtime.mjs'
import { ensurePackages } from './packages.mjs'
import { root } from './places.mjs'
import { runProgram } from './run-program.mjs'

const [name, ...rest] = process.argv.slice(2)
const command = commands[name]
if (!command) {
  console.error(`There is no command "${name ?? ''}". There are: ${Object.keys(commands).join(', ')}.`)
  process.exit(2)
}

try {
  const node = await ensureNode()
  await ensurePackages(node)
  if (command.pages) await buildPages(node)
  if (!existsSync(join(root, command.program)))
    throw new Error(`${command.program} is missing: this checkout is not whole.`)
  const argv = [...(command.nodeArguments ?? []), command.program, ...(command.arguments ?? []), ...rest]
  process.exitCode = await runProgram(node, argv, command.environment)
} catch (error) {
  console.error(`\n${explain(error)}\n`)
  process.exitCode = 1
}
