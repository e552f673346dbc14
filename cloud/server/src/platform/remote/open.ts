import type { Clock, Log } from '@jidoka/base'
import type { CloudConfig } from '../../config.ts'
import type { App } from '../http/app.ts'
import type { RateLimiter } from '../http/rate-limiter.ts'
import type { KeyPair } from '../key-file.ts'
import type { Metrics } from '../metrics.ts'
import type { RedisLink } from '../redis/link.ts'
import { remoteCalls } from './client.ts'
import { addForwards } from './forward.ts'
import type { CallsOf, Contract, MethodTable } from './contract.ts'
import { GuardedCircuit } from './guarded-circuit.ts'
import { hasAllModules } from './module-names.ts'
import type { ReachableModule } from './module-names.ts'
import { RemoteMetrics } from './remote-metrics.ts'
import { addRemoteRoutes } from './routes.ts'
import { ServiceTokens } from './service-token.ts'
import { addressOfModule } from './settings.ts'
import { RedisCircuit } from './shared-circuits.ts'

export interface PeersParts {
  readonly config: Pick<CloudConfig, 'modules' | 'module_addresses' | 'http'>
  readonly app: App
  readonly key: KeyPair
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
   */
  reach<Methods extends MethodTable>(
    contract: Contract<Methods>,
    here: CallsOf<Contract<Methods>>,
  ): CallsOf<Contract<Methods>>
  /** The modules of other processes that do not answer, for `/ready`. */
  readonly down: () => ReachableModule[]
}

export function openPeers({ config, app, key, clock, log, metrics, limiter, link }: PeersParts): Peers {
  const { modules } = config
  const tokens = new ServiceTokens(key, clock)
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
      if (!modules.includes(module)) {
        const address = addressOfModule(config.module_addresses, module)
        const circuit = circuitOf(module, address)
        const service = modules.join('+')
        const trustForwarded = config.http.trust_forwarded_for
        if (modules.includes('gateway')) addForwards(app, { module, address, circuit, clock, log, trustForwarded })
        return remoteCalls(contract, { address, service, tokens, circuit, clock, log, metrics: remoteMetrics })
      }
      // A program that is whole is called by nobody: then there is no door for it.
      if (!hasAllModules(modules))
        addRemoteRoutes(app, contract, {
          calls: here,
          tokens,
          limiter,
          trustForwarded: config.http.trust_forwarded_for,
          clock,
          log,
        })
      return here
    },
    down: () => [...circuits].flatMap(([module, { state }]) => (state === 'closed' ? [] : [module])),
  }
}
