/** The bounded contexts of the cloud that are built. */
export const moduleNames = ['identity', 'fleet', 'judgment', 'audit', 'gateway'] as const
export type ModuleName = (typeof moduleNames)[number]
/** Nobody asks the gateway: it is what asks. */
export type ReachableModule = Exclude<ModuleName, 'gateway'>

/** Where a module listens that runs alone, so that on one machine they find each other without a setting. Integrators know 8010, 3002 and 3000. */
export const modulePorts: Readonly<Record<ModuleName, number>> = {
  gateway: 3000,
  judgment: 8010,
  identity: 3002,
  fleet: 8030,
  audit: 8040,
}

/** Of a process with several: that of the gateway, where people come in, else that of the first. */
export function portOf(modules: readonly ModuleName[]): number {
  const [first = 'gateway'] = modules
  return modulePorts[modules.includes('gateway') || hasAllModules(modules) ? 'gateway' : first]
}

/** Whether all modules run in one process, which then calls nobody over the network and is called by nobody. */
export const hasAllModules = (modules: readonly ModuleName[]): boolean =>
  moduleNames.every((name) => modules.includes(name))
