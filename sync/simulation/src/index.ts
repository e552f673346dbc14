export { plantedBugs } from './options.ts'
export type { PlantedBug, WorldOptions } from './options.ts'
export { runWorld } from './world.ts'
export type { WorldReport } from './world.ts'
