import { codeSchema } from '@jidoka/domain'
import { expect, test } from 'vitest'
import { hanbit } from '../hanbit.ts'
import { Plant } from '../plant.ts'
import type { ProductionEvent } from './events.ts'
import { shiftAt } from './shift.ts'

/** Half past nine in Changwon, so that a shift change at 14:00 falls into the run. */
const startMs = Date.UTC(2026, 10, 21, 0, 30)
const runMs = 8 * 3_600_000

const seen = new Map<number, readonly ProductionEvent[]>()

function eventsOf(seed: number): readonly ProductionEvent[] {
  const known = seen.get(seed)
  if (known !== undefined) return known
  const plant = new Plant(hanbit, { seed, startMs })
  plant.advanceTo(startMs + runMs)
  const events = plant.takeEvents()
  seen.set(seed, events)
  return events
}

const of = <Type extends ProductionEvent['type']>(events: readonly ProductionEvent[], type: Type) =>
  events.filter((event): event is Extract<ProductionEvent, { type: Type }> => event.type === type)

/** Tens of thousands of events: what is wrong with them is gathered, and held against nothing once. */
test.each([1, 42])(
  'seed %i: lots belong to orders, orders end at their target, and a line has one lot at a time',
  (seed) => {
    const events = eventsOf(seed)
    const orders = new Map(of(events, 'order_started').map((order) => [order.order, order]))
    const lots = new Map(of(events, 'lot_started').map((lot) => [lot.lot, lot]))
    expect(lots.size).toBe(of(events, 'lot_started').length)
    for (const lot of lots.values()) {
      const order = orders.get(lot.order)
      expect([order?.line, order?.product]).toEqual([lot.line, lot.product])
    }
    const made = new Map<string, number>()
    for (const count of of(events, 'counted')) made.set(count.lot, count.productionCount)
    for (const { order } of of(events, 'order_finished')) {
      const own = [...lots.values()].filter((lot) => lot.order === order)
      expect(own.reduce((sum, lot) => sum + (made.get(lot.lot) ?? 0), 0)).toBe(orders.get(order)?.targetCount)
    }
    const overlaps: ProductionEvent[] = []
    for (const line of hanbit.lines) {
      let open = 0
      for (const event of events.filter((each) => each.line === line.code)) {
        if (event.type === 'lot_started') open++
        if (event.type === 'lot_finished') open--
        if (open !== 0 && open !== 1) overlaps.push(event)
      }
    }
    expect(overlaps).toEqual([])
  },
)

test.each([1, 42])(
  'seed %i: counts grow by one, defects never exceed them, each bad piece has a failed inspection',
  (seed) => {
    const events = eventsOf(seed)
    const last = new Map<string, { productionCount: number; defectCount: number }>()
    const wrong: object[] = []
    for (const { lot, productionCount, defectCount } of of(events, 'counted')) {
      const before = last.get(lot) ?? { productionCount: 0, defectCount: 0 }
      const isOneMore = productionCount === before.productionCount + 1
      const isOneBadAtMost = defectCount === before.defectCount || defectCount === before.defectCount + 1
      if (!isOneMore || !isOneBadAtMost || defectCount > productionCount)
        wrong.push({ lot, productionCount, defectCount })
      last.set(lot, { productionCount, defectCount })
    }
    expect(wrong).toEqual([])
    const failed = of(events, 'inspected').filter((inspection) => !inspection.passed)
    expect(failed.length).toBe([...last.values()].reduce((sum, lot) => sum + lot.defectCount, 0))
    expect(failed.every((inspection) => inspection.defectCode !== null)).toBe(true)
  },
)

test('stops are ended, come a few times a shift and line, and no piece is made within one', () => {
  const events = eventsOf(42)
  const madeWithin: ProductionEvent[] = []
  for (const line of hanbit.lines) {
    const own = events.filter((event) => event.line === line.code)
    const stops = of(own, 'stopped').length
    expect(stops).toBeGreaterThan(3)
    expect(stops).toBeLessThan(40)
    let stopped = false
    for (const event of own) {
      if (event.type === 'counted' && stopped) madeWithin.push(event)
      if (event.type === 'stopped') stopped = true
      if (event.type === 'resumed') stopped = false
    }
  }
  expect(madeWithin).toEqual([])
  const firstMs = Math.min(...of(events, 'stopped').map((event) => event.atMs))
  expect(firstMs - startMs).toBeGreaterThan(6 * 60_000)
})

test('a shift change ends the lot, and the next lot is the new shift’s', () => {
  const lots = of(eventsOf(42), 'lot_started')
  for (const lot of lots) expect(lot.shift).toBe(shiftAt(hanbit, lot.atMs))
  expect(new Set(lots.map((lot) => lot.shift))).toEqual(new Set(['DAY', 'SWING']))
})

test('shifts change at 06:00, 14:00 and 22:00 of the site’s own time', () => {
  const at = (hour: number, minute: number) => shiftAt(hanbit, Date.UTC(2026, 10, 21, hour - 9, minute))
  expect([at(5, 59), at(6, 0), at(13, 59), at(14, 0), at(21, 59), at(22, 0), at(24, 30)]).toEqual([
    'NIGHT',
    'DAY',
    'DAY',
    'SWING',
    'SWING',
    'NIGHT',
    'NIGHT',
  ])
})

test('every code is one that the edge takes', () => {
  const names = ['line', 'order', 'lot', 'product', 'shift', 'equipment', 'defectCode'] as const
  const codes = new Set<unknown>()
  for (const event of eventsOf(42))
    for (const name of names) if (name in event) codes.add(event[name as keyof typeof event])
  codes.delete(null)
  expect(codes.size).toBeGreaterThan(100)
  expect([...codes].filter((code) => !codeSchema.safeParse(code).success)).toEqual([])
})
