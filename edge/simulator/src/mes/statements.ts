import type { ProductionEvent } from '../plant/production/events.ts'

type EventType = ProductionEvent['type']
type Of<Type extends EventType> = Extract<ProductionEvent, { type: Type }>

interface Statement<Type extends EventType> {
  /** `$1` is always the instant of the change. */
  readonly sql: string
  values(event: Of<Type>): readonly unknown[]
}

/** How each production event becomes a row. Statements may run twice (a connection that broke at COMMIT): the keyed ones then change nothing. */
const statements: { readonly [Type in EventType]: Statement<Type> } = {
  order_started: {
    sql: `INSERT INTO mes.orders (order_no, product_code, line_code, target_count, started_at, updated_at)
          VALUES ($2, $3, $4, $5, $1, $1) ON CONFLICT (order_no) DO NOTHING`,
    values: (event) => [event.order, event.product, event.line, event.targetCount],
  },
  order_finished: {
    sql: 'UPDATE mes.orders SET finished_at = $1, updated_at = $1 WHERE order_no = $2',
    values: (event) => [event.order],
  },
  lot_started: {
    sql: `INSERT INTO mes.lots (lot_no, order_no, line_code, product_code, shift_code, started_at, updated_at)
          VALUES ($2, $3, $4, $5, $6, $1, $1) ON CONFLICT (lot_no) DO NOTHING`,
    values: (event) => [event.lot, event.order, event.line, event.product, event.shift],
  },
  lot_finished: {
    sql: 'UPDATE mes.lots SET finished_at = $1, updated_at = $1 WHERE lot_no = $2',
    values: (event) => [event.lot],
  },
  counted: {
    sql: `INSERT INTO mes.production_counts
            (lot_no, order_no, line_code, product_code, shift_code, production_count, defect_count, updated_at)
          VALUES ($2, $3, $4, $5, $6, $7, $8, $1)
          ON CONFLICT (lot_no) DO UPDATE SET
            production_count = excluded.production_count, defect_count = excluded.defect_count, updated_at = excluded.updated_at`,
    values: (event) => [
      event.lot,
      event.order,
      event.line,
      event.product,
      event.shift,
      event.productionCount,
      event.defectCount,
    ],
  },
  stopped: {
    sql: 'INSERT INTO mes.downtimes (line_code, equipment_code, reason, started_at, updated_at) VALUES ($2, $3, $4, $1, $1)',
    values: (event) => [event.line, event.equipment, event.reason],
  },
  resumed: {
    sql: 'UPDATE mes.downtimes SET ended_at = $1, updated_at = $1 WHERE line_code = $2 AND ended_at IS NULL',
    values: (event) => [event.line],
  },
  inspected: {
    sql: `INSERT INTO mes.inspections (line_code, lot_no, equipment_code, passed, defect_code, inspected_at, updated_at)
          VALUES ($2, $3, $4, $5, $6, $1, $1)`,
    values: (event) => [event.line, event.lot, event.equipment, event.passed, event.defectCode],
  },
}

/** The statement for an event and its values, the instant first. */
export function statementFor(event: ProductionEvent, at: Date): { readonly text: string; readonly values: unknown[] } {
  // The table ties each type to its own statement; the compiler cannot follow that through an index.
  const statement = statements[event.type] as Statement<EventType>
  return { text: statement.sql, values: [at, ...statement.values(event)] }
}
