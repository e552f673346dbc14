import { readFileSync } from 'node:fs'
import { webAssembly, type WasmModule } from './web-assembly.ts'

/** Where the module lies in the sources. A bundled program passes the path of its own copy to `loadRuleModule`. */
export const ruleModuleUrl = new URL('../wasm/jidoka_rules.wasm', import.meta.url)

/**
 * The module compiled from its file: for `RuleEngine.create`, as often as wanted, also in workers (modules can be posted).
 * Throws what `readFileSync` throws, or WebAssembly.CompileError for a file that is damaged.
 */
export function loadRuleModule(path: string | URL = ruleModuleUrl): WasmModule {
  return new webAssembly.Module(readFileSync(path))
}
