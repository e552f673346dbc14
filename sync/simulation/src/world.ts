import { isAtLeast } from '@jidoka/sync-protocol'
import { CloudNode } from './cloud-node.ts'
import { EdgeNode } from './edge-node.ts'
import type { EdgeParts } from './edge-parts.ts'
import { Life } from './life.ts'
import { Network } from './network.ts'
import type { PlantedBug, WorldOptions } from './options.ts'
import { chaosMs, drawPlan } from './plan.ts'
import type { Plan } from './plan.ts'
import { Random } from './random.ts'
import { Scheduler } from './scheduler.ts'

/** Everything there is in one world. */
export class World {
  readonly scheduler = new Scheduler()
  readonly plan: Plan
  readonly cloud: CloudNode
  readonly network: Network
  readonly edges: EdgeNode[] = []
  readonly copies: { readonly original: EdgeNode; readonly copy: EdgeNode; readonly endsCopy: boolean }[] = []
  /** Edges that were copied or put back to an image: somebody may have to begin a new epoch of them. */
  readonly copied = new Set<string>()
  readonly violations: string[] = []
  readonly tell: (line: string) => void
  readonly #seed: number
  readonly #bug: PlantedBug | null
  #epochs = 0

  constructor(seed: number, { bug = null, trace = null }: WorldOptions) {
    this.#seed = seed
    this.#bug = bug
    this.plan = drawPlan(seed)
    this.tell =
      trace === null
        ? () => undefined
        : (line) => trace(`${(this.scheduler.nowMs / 1_000).toFixed(3).padStart(9)} s  ${line}`)
    this.cloud = new CloudNode({ random: this.#stream(1), scheduler: this.scheduler, bug, trace: this.tell })
    this.network = new Network(this.#stream(2), this.scheduler, this.cloud)
    for (const [index, plan] of this.plan.edges.entries()) {
      const edgeId = `00000000-0000-7000-8000-00000000${index + 1}000`
      const random = this.#stream(10 + index)
      const life = Life.fresh(this.newEpoch(), random, plan.startSeq)
      this.#add(new EdgeNode({ ...this.#shared(), name: `edge ${index + 1}`, edgeId, index, plan, random }, life))
    }
  }

  newEpoch = (): string => `00000000-0000-7000-8000-0000000e${String(++this.#epochs).padStart(4, '0')}`

  /** One end speaks protocol 1.1, or did: rows of a copy may have mixed before anybody noticed (SPEC.md, "Not guaranteed"). */
  isMixed({ plan }: EdgeParts): boolean {
    const { oldCloudUntilMs, oldCloudProtocol } = this.plan
    return plan.isOld || (oldCloudUntilMs > 0 && !isAtLeast(oldCloudProtocol, '1.2'))
  }

  get epochs(): number {
    return this.#epochs
  }

  addCopy(original: EdgeNode, image: Life, endsCopy: boolean): void {
    if (original.state === null) return
    const random = this.#stream(20 + this.edges.length)
    const { name, edgeId, index, plan } = original.parts
    const copy = new EdgeNode(
      { ...this.#shared(), name: `copy of ${name}`, edgeId, index, plan, random },
      image.image(random),
    )
    this.copied.add(edgeId)
    this.copies.push({ original, copy, endsCopy })
    this.#add(copy)
  }

  /** Streams of randomness apart from each other, so that what one part does not do leaves the others as they are. */
  #stream(number: number): Random {
    return new Random(Math.imul(this.#seed, 0x9e3779b1) + Math.imul(number, 0x85ebca6b))
  }

  #shared() {
    const { scheduler, network, cloud, newEpoch, tell } = this
    return { scheduler, network, cloud, newEpoch, bug: this.#bug, trace: tell }
  }

  #add(edge: EdgeNode): void {
    this.edges.push(edge)
    edge.start()
    const { random } = edge.parts
    const every = (fromMs: number, toMs: number, act: () => void) => {
      const next = () =>
        this.scheduler.after(random.between(fromMs, toMs), () => {
          if (this.scheduler.nowMs > chaosMs) return
          act()
          next()
        })
      next()
    }
    every(300, 4_500, () => edge.commitReadings())
    every(800, 10_000, () => edge.commitRecord())
    every(1_500, 5_000, () => edge.keepHouse())
  }
}
