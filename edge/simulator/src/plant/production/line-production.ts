import assert from 'node:assert/strict'
import type { LineModel, ProductModel } from '../model.ts'
import type { Draws } from '../random.ts'
import type { ProductionEvent } from './events.ts'

/** A machine as its line sees it: who it is, and what share of its pieces it spoils now. */
export interface Contributor {
  readonly code: string
  readonly defectCode: string
  readonly defectShare: number
}

/** Why lines stop for a short while; most stops are such. */
const stopReasons = ['jam', 'material', 'adjustment', 'cleaning'] as const
/** No stop before this: whoever has just started the plant wants to see it run. */
const firstStopAfterMs = 6 * 60_000
/** One piece in twenty is looked at, and every bad one. */
const inspectEvery = 20

interface Order {
  readonly code: string
  readonly product: ProductModel
  doneCount: number
  lots: number
}

interface Lot {
  readonly code: string
  readonly shift: string
  productionCount: number
  defectCount: number
}

type Emit = (event: ProductionEvent) => void

/** One line's orders, lots, pieces and stops, moved in fixed steps. */
export class LineProduction {
  readonly #line: LineModel
  readonly #stamp: string
  readonly #draws: Draws
  readonly #emit: Emit
  #orderNo = 0
  #order: Order | null = null
  #lot: Lot | null = null
  /** Part of a piece that is made already. */
  #progressMs = 0
  #defectDebt = 0
  #runMsToStop: number
  #stopMsLeft = 0

  /** `stamp` tells this run's orders from those of runs before it in the same MES. */
  constructor(line: LineModel, stamp: string, draws: Draws, emit: Emit) {
    this.#line = line
    this.#stamp = stamp
    this.#draws = draws
    this.#emit = emit
    this.#runMsToStop = firstStopAfterMs + this.#runTimeMs()
  }

  get running(): boolean {
    return this.#stopMsLeft <= 0
  }

  step(atMs: number, stepMs: number, shift: string, machines: readonly Contributor[]): void {
    const share = 1 - machines.reduce((good, machine) => good * (1 - machine.defectShare), 1 - this.#line.defectShare)
    if (!this.running) {
      this.#stopMsLeft -= stepMs
      if (this.running) this.#emit({ type: 'resumed', line: this.#line.code, atMs })
      return
    }
    // A line that makes scrap stops more often.
    this.#runMsToStop -= stepMs * (1 + 20 * share)
    if (this.#runMsToStop <= 0) return this.#stop(atMs, machines)
    if (this.#lot !== null && this.#lot.shift !== shift) this.#finishLot(atMs)
    this.#progressMs += stepMs
    while (this.#progressMs >= this.#line.cycleMs) {
      this.#progressMs -= this.#line.cycleMs
      this.#makePiece(atMs, shift, share, machines)
    }
  }

  #makePiece(atMs: number, shift: string, share: number, machines: readonly Contributor[]): void {
    const order = (this.#order ??= this.#startOrder(atMs))
    const lot = (this.#lot ??= this.#startLot(order, atMs, shift))
    const line = this.#line.code
    lot.productionCount++
    order.doneCount++
    // Bad pieces come at their share with a jitter, not by a dice each: with dice a healthy lot passes 5 % about once an
    // hour, and a plant whose alarms cry wolf teaches people to ignore them.
    this.#defectDebt += share * (0.6 + 0.8 * this.#draws.next())
    const bad = this.#defectDebt >= 1
    if (bad) {
      this.#defectDebt -= 1
      lot.defectCount++
    }
    const counts = { productionCount: lot.productionCount, defectCount: lot.defectCount }
    this.#emit({
      type: 'counted',
      line,
      atMs,
      lot: lot.code,
      order: order.code,
      product: order.product.code,
      shift: lot.shift,
      ...counts,
    })
    if (bad || lot.productionCount % inspectEvery === 0) {
      const machine = this.#culprit(machines)
      this.#emit({
        type: 'inspected',
        line,
        atMs,
        lot: lot.code,
        equipment: machine.code,
        passed: !bad,
        defectCode: bad ? machine.defectCode : null,
      })
    }
    if (lot.productionCount >= order.product.lotCount || order.doneCount >= order.product.orderCount)
      this.#finishLot(atMs)
  }

  #startOrder(atMs: number): Order {
    const product = this.#line.products[this.#orderNo % this.#line.products.length] ?? this.#line.products[0]
    this.#orderNo++
    // "LINE-A" gives its last letter: WO-261121093012-A-001.
    const code = `WO-${this.#stamp}-${this.#line.code.split('-').at(-1)}-${String(this.#orderNo).padStart(3, '0')}`
    this.#emit({
      type: 'order_started',
      line: this.#line.code,
      atMs,
      order: code,
      product: product.code,
      targetCount: product.orderCount,
    })
    return { code, product, doneCount: 0, lots: 0 }
  }

  #startLot(order: Order, atMs: number, shift: string): Lot {
    const code = `${order.code}-L${String(++order.lots).padStart(2, '0')}`
    this.#emit({
      type: 'lot_started',
      line: this.#line.code,
      atMs,
      lot: code,
      order: order.code,
      product: order.product.code,
      shift,
    })
    return { code, shift, productionCount: 0, defectCount: 0 }
  }

  #finishLot(atMs: number): void {
    assert(this.#lot !== null && this.#order !== null, 'a lot that ends has begun, in an order')
    this.#emit({ type: 'lot_finished', line: this.#line.code, atMs, lot: this.#lot.code })
    this.#lot = null
    if (this.#order.doneCount < this.#order.product.orderCount) return
    this.#emit({ type: 'order_finished', line: this.#line.code, atMs, order: this.#order.code })
    this.#order = null
  }

  #stop(atMs: number, machines: readonly Contributor[]): void {
    this.#stopMsLeft = this.#draws.between(...this.#line.stopMs)
    this.#runMsToStop = this.#runTimeMs()
    this.#emit({
      type: 'stopped',
      line: this.#line.code,
      atMs,
      equipment: this.#culprit(machines).code,
      reason: this.#draws.pick(stopReasons),
    })
  }

  /** The machine that spoils most, or any where all are well. */
  #culprit(machines: readonly Contributor[]): Contributor {
    const [first, ...rest] = machines
    assert(first !== undefined, 'a line has a machine')
    const worst = rest.reduce((found, machine) => (machine.defectShare > found.defectShare ? machine : found), first)
    return worst.defectShare > this.#line.defectShare ? worst : this.#draws.pick([first, ...rest])
  }

  /** Time between stops, exponential and never under a third of the mean. */
  #runTimeMs(): number {
    return this.#line.stopEveryMs * (1 / 3 - (2 / 3) * Math.log(1 - this.#draws.next()))
  }
}
