import { generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { ModuleKeyRing } from '../platform/remote/module-keys.ts'
import { moduleNames } from '../platform/remote/module-names.ts'
import type { ModuleName } from '../platform/remote/module-names.ts'

/** Keys of all modules in memory, as no process has them: for tests that speak for several. */
export function moduleRing(): ModuleKeyRing {
  const pairs = new Map<ModuleName, { privateKey: KeyObject; publicKey: KeyObject }>(
    moduleNames.map((module) => [module, generateKeyPairSync('ed25519')]),
  )
  const kidOf = (module: ModuleName) => `${module}:key`
  return {
    signer: (module) => ({ kid: kidOf(module), privateKey: pairs.get(module)?.privateKey as KeyObject }),
    find: (kid) => {
      const found = [...pairs].find(([module]) => kidOf(module) === kid)
      return Promise.resolve(found === undefined ? null : { module: found[0], publicKey: found[1].publicKey })
    },
  }
}
