import { Counter, Gauge, Histogram } from 'prom-client'
import type { Registry } from 'prom-client'
import type { CircuitState } from './circuit.ts'
import { moduleNames } from './module-names.ts'
import type { ModuleName, ReachableModule } from './module-names.ts'

const stateNumber: Readonly<Record<CircuitState, number>> = { closed: 0, half_open: 0.5, open: 1 }

/** What this process runs, and how the modules answer that it calls. Methods come from the contracts: a closed set. */
export class RemoteMetrics {
  readonly calls: Counter<'module' | 'method' | 'outcome'>
  readonly seconds: Histogram<'module' | 'method'>
  readonly #registry: Registry

  constructor(registry: Registry, here: readonly ModuleName[]) {
    this.#registry = registry
    const registers = [registry]
    const running = new Gauge({
      name: 'jidoka_module_running',
      help: '1 for each module that runs in this process',
      labelNames: ['module'],
      registers,
    })
    for (const module of moduleNames) running.set({ module }, Number(here.includes(module)))
    this.calls = new Counter({
      name: 'jidoka_remote_calls_total',
      help: 'Calls to modules of other processes by what became of them: ok, problem, down, slow, open, refused, unreadable, left',
      labelNames: ['module', 'method', 'outcome'],
      registers,
    })
    this.seconds = new Histogram({
      name: 'jidoka_remote_call_duration_seconds',
      help: 'Time of calls to modules of other processes, attempts included',
      labelNames: ['module', 'method'],
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 30],
      registers,
    })
  }

  watchCircuits(circuits: ReadonlyMap<ReachableModule, { readonly state: CircuitState }>): void {
    new Gauge({
      name: 'jidoka_circuit_open',
      help: 'Circuits to modules of other processes: 0 closed, 0.5 half-open, 1 open',
      labelNames: ['module'],
      registers: [this.#registry],
      collect() {
        for (const [module, { state }] of circuits) this.set({ module }, stateNumber[state])
      },
    })
  }
}
