import type { FactoryEvent } from '@jidoka/domain'
import type { LineFacts } from '../ports.ts'
import { isNewer } from '../store/last-values.ts'

/**
 * A line's facts after an event, or null when the event says nothing about them or is older than what is known: a late
 * row is kept as an event and must not bring an old lot back. Order is that of readings, so that a row dated ahead does
 * not shut out those that come after it.
 */
export function factsAfter(known: LineFacts | undefined, event: FactoryEvent, receivedMs: number): LineFacts | null {
  const instants = { atMs: event.occurred_at_ms, receivedMs }
  if (!isNewer({ timeMs: instants.atMs, receivedMs }, known && { timeMs: known.atMs, receivedMs: known.receivedMs }))
    return null
  const before: LineFacts = known ?? {
    line: event.line,
    order: null,
    lot: null,
    product: null,
    shift: null,
    productionCount: null,
    defectCount: null,
    ...instants,
  }
  switch (event.type) {
    case 'production_count':
      return {
        line: event.line,
        order: event.order ?? before.order,
        lot: event.lot ?? before.lot,
        product: event.product ?? before.product,
        shift: event.shift ?? before.shift,
        productionCount: event.production_count,
        defectCount: event.defect_count,
        ...instants,
      }
    case 'order_started':
      return { ...before, order: event.order, product: event.product, ...instants }
    case 'lot_started':
      return {
        ...before,
        lot: event.lot,
        order: event.order ?? before.order,
        product: event.product ?? before.product,
        shift: event.shift ?? before.shift,
        // The counts are of the lot; those of another one say nothing of this.
        ...(event.lot === before.lot ? {} : { productionCount: null, defectCount: null }),
        ...instants,
      }
    default:
      return null
  }
}
