import type { CloudNode } from './cloud-node.ts'
import type { Network } from './network.ts'
import type { PlantedBug } from './options.ts'
import type { EdgePlan } from './plan.ts'
import type { Random } from './random.ts'
import type { Scheduler } from './scheduler.ts'

export interface EdgeParts {
  readonly name: string
  readonly edgeId: string
  /** Which edge of the plan it is, or a copy of. */
  readonly index: number
  readonly plan: EdgePlan
  readonly random: Random
  readonly scheduler: Scheduler
  readonly network: Network
  /** To look at for what is watched while the world runs; nothing that the appliance does depends on it. */
  readonly cloud: CloudNode
  readonly newEpoch: () => string
  readonly bug: PlantedBug | null
  readonly trace: (line: string) => void
}
