export { plantedBugNames, plantedBugs } from './options.ts'
export type { PlantedBug, WorldOptions } from './options.ts'
export { runWorld } from './run-world.ts'
export type { WorldReport } from './run-world.ts'
