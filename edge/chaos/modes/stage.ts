import { mkdirSync } from 'node:fs'
import { Appliance } from '../appliance.ts'
import { Comparison } from '../compare/comparison.ts'
import type { Findings } from '../compare/findings.ts'
import { buildShim, noShim, shimEnvironment } from '../shim/build.ts'
import { Control } from '../shim/control.ts'
import { Crowd } from './crowd.ts'
import type { ModeOptions } from './mode.ts'

/** One data folder, its publishers, and an appliance whose clock and disk are in the harness' hand. */
export class Stage {
  readonly folder: string
  readonly crowd: Crowd
  readonly control: Control
  readonly #options: ModeOptions
  readonly #shim: string
  readonly #comparison: Comparison
  appliance: Appliance | null = null

  constructor(options: ModeOptions, mode: string, rateMax: number) {
    if (noShim !== null) throw new Error(`${mode} cannot run here: ${noShim}.`)
    mkdirSync(options.folders.root, { recursive: true })
    this.#options = options
    this.#shim = buildShim(options.folders.root)
    this.folder = options.folders.new(mode)
    this.#comparison = new Comparison({ spaceIsShort: mode === 'disk-full' })
    mkdirSync(this.folder)
    this.control = new Control(`${this.folder}.control`)
    this.crowd = new Crowd({ rateMax })
  }

  /** Starts the appliance and connects all publishers. @throws when it does not open */
  async start(): Promise<Appliance> {
    const { folder, control } = this
    const appliance = new Appliance(
      { dataFolder: folder, broken: this.#options.broken, keptS: null },
      shimEnvironment(this.#shim, { folder, control: control.file }),
    )
    this.appliance = appliance
    const { port } = await appliance.opened()
    this.crowd.resume()
    if (!(await this.crowd.connect(port))) throw new Error(`the publishers could not connect ${appliance.errors}`)
    return appliance
  }

  /** Starts it again when it has ended or was killed. */
  async startedAgain(): Promise<Appliance> {
    return this.appliance === null || this.appliance.hasEnded ? this.start() : this.appliance
  }

  async kill(): Promise<void> {
    await this.appliance?.kill()
    this.crowd.disconnect()
  }

  /** Kills it and compares the store as it lies. */
  async killAndLook(): Promise<Findings> {
    await this.kill()
    return this.#comparison.look(this.folder, this.crowd.ledgers, false)
  }

  /** Lets what is under way come to its end, stops in order and compares. @throws when one of them does not come */
  async finish(): Promise<Findings> {
    const appliance = await this.startedAgain()
    if (!(await this.crowd.settle())) throw new Error('what was under way was never acknowledged')
    this.crowd.disconnect()
    await appliance.stop()
    return this.#comparison.look(this.folder, this.crowd.ledgers, true)
  }

  close(): void {
    this.crowd.disconnect()
    this.control.close()
  }
}
