import type { Clock, Log } from '@jidoka/base'
import type { CloudConfig } from '../../config.ts'
import type { App } from '../http/app.ts'
import type { RateLimiter } from '../http/rate-limiter.ts'
import type { Metrics } from '../metrics.ts'
import type { RedisLink } from '../redis/link.ts'
import { remoteCalls } from './client.ts'
import { addForwards } from './forward.ts'
import type { CallsOf, Contract, MethodTable } from './contract.ts'
import { GuardedCircuit } from './guarded-circuit.ts'
import { ModuleKeys } from './module-keys.ts'
import type { ModuleKeyRing } from './module-keys.ts'
import { hasAllModules } from './module-names.ts'
import type { ModuleName, ReachableModule } from './module-names.ts'
import { RemoteMetrics } from './remote-metrics.ts'
import { addRemoteRoutes } from './routes.ts'
import { ServiceTokens } from './service-token.ts'
import { addressOfModule, moduleKeyFolders } from './settings.ts'
import { RedisCircuit } from './shared-circuits.ts'

export interface PeersParts {
  readonly config: Pick<CloudConfig, 'modules' | 'module_addresses' | 'http'>
  readonly app: App
  /** Null where all modules run in this process: nobody calls over the network then. */
  readonly keys: ModuleKeyRing | null
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly limiter: RateLimiter
  /** Null without Redis. */
  readonly link: RedisLink | null
}

/** The way from this process to each module: into itself, or to another process. */
export interface Peers {
  /**
   * @param here the calls of the module in this process; used, and answered to other processes, where it runs here. Where it does not, a gateway hands on
   * what people and edges ask of it
   * @returns the calls as one module makes them
   */
  reach<Methods extends MethodTable>(
    contract: Contract<Methods>,
    here: CallsOf<Contract<Methods>>,
  ): (caller: ModuleName) => CallsOf<Contract<Methods>>
  /** The modules of other processes that do not answer, for `/ready`. */
  readonly down: () => ReachableModule[]
}

/** Null where all modules run in this process: nobody calls over the network then. @throws KeyError */
export async function openModuleKeys({
  config,
  keysFolder,
  clock,
  log,
}: {
  config: Pick<CloudConfig, 'modules' | 'module_keys'>
  keysFolder: string
  clock: Clock
  log: Log
}): Promise<ModuleKeys | null> {
  if (hasAllModules(config.modules)) return null
  const folders = moduleKeyFolders(config.module_keys, keysFolder)
  const keys = await ModuleKeys.open(config.modules, folders, clock)
  const { foreign, mayWritePublic } = keys
  if (mayWritePublic)
    log.warn(
      { action: 'start' },
      `This process may write into ${folders.public}, where the public keys of all modules lie: who breaks into it can put one there and speak for any of them. Make the keys beforehand ("rotate-module-key"), and let processes read that folder alone.`,
    )
  if (foreign.length > 0)
    log.warn(
      { action: 'start' },
      `${folders.secret} holds the secret keys of ${foreign.join(', ')} too, which do not run in this process: who breaks into it can speak for them. Give each process a folder with its own keys alone (JIDOKA_CLOUD_MODULE_KEYS), and all the same public ones (JIDOKA_CLOUD_MODULE_PUBLIC_KEYS).`,
    )
  return keys
}

export function openPeers({ config, app, keys, clock, log, metrics, limiter, link }: PeersParts): Peers {
  const { modules } = config
  const tokens = keys === null ? null : new ServiceTokens(keys, clock)
  const remoteMetrics = new RemoteMetrics(metrics.registry, modules)
  const circuits = new Map<ReachableModule, GuardedCircuit>()
  remoteMetrics.watchCircuits(circuits)
  const circuitOf = (module: ReachableModule, address: URL) => {
    const node = address.host.replaceAll(':', '-')
    const shared = link === null ? null : new RedisCircuit({ link, clock, log, service: module, node })
    const circuit = new GuardedCircuit({ module, clock, log, shared })
    circuits.set(module, circuit)
    return circuit
  }
  return {
    reach: (contract, here) => {
      const { module } = contract
      const trustForwarded = config.http.trust_forwarded_for
      // A program that is whole is called by nobody: then there is no door for it.
      if (tokens === null) return () => here
      if (modules.includes(module)) {
        addRemoteRoutes(app, contract, { calls: here, tokens, limiter, trustForwarded, clock, log })
        return () => here
      }
      const address = addressOfModule(config.module_addresses, module)
      const circuit = circuitOf(module, address)
      if (modules.includes('gateway')) addForwards(app, { module, address, circuit, clock, log, trustForwarded })
      return (caller) => remoteCalls(contract, { address, caller, tokens, circuit, clock, log, metrics: remoteMetrics })
    },
    down: () => [...circuits].flatMap(([module, { state }]) => (state === 'closed' ? [] : [module])),
  }
}
