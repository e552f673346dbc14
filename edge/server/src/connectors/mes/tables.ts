import type { FactoryEvent } from '@jidoka/domain'
import { eventSchema } from '@jidoka/domain'

/**
 * The tables of a MES as data: which columns to read and what event a row is. A row is a new event each time it changes,
 * so its version (`updated_at`) is part of the event's key; a second reading of the same version is the same event.
 */
export interface MesTable {
  readonly table: string
  /** Unique within the table; ties of `updated_at` are ordered by it. */
  readonly key: string
  readonly columns: readonly string[]
  readonly toEvent: (row: MesRow) => unknown
}

/** A row as it comes: codes and numbers as the driver gives them, instants as epoch milliseconds. */
export type MesRow = Readonly<Record<string, unknown>>

/** `undefined` for an SQL null, so that optional members are left out of the event. */
const optional = (value: unknown): unknown => value ?? undefined

export const mesTables: readonly MesTable[] = [
  {
    table: 'orders',
    key: 'order_no',
    columns: ['order_no', 'product_code', 'line_code', 'target_count', 'started_at'],
    toEvent: (row) => ({
      type: 'order_started',
      line: row['line_code'],
      occurred_at_ms: row['started_at'] ?? row['updated_at'],
      order: row['order_no'],
      product: row['product_code'],
      target_count: row['target_count'],
    }),
  },
  {
    table: 'lots',
    key: 'lot_no',
    columns: ['lot_no', 'order_no', 'line_code', 'product_code', 'shift_code', 'started_at'],
    toEvent: (row) => ({
      type: 'lot_started',
      line: row['line_code'],
      occurred_at_ms: row['started_at'] ?? row['updated_at'],
      lot: row['lot_no'],
      order: optional(row['order_no']),
      product: optional(row['product_code']),
      shift: optional(row['shift_code']),
    }),
  },
  {
    table: 'production_counts',
    key: 'id',
    columns: [
      'id',
      'line_code',
      'lot_no',
      'order_no',
      'product_code',
      'shift_code',
      'production_count',
      'defect_count',
    ],
    toEvent: (row) => ({
      type: 'production_count',
      line: row['line_code'],
      occurred_at_ms: row['updated_at'],
      order: optional(row['order_no']),
      lot: optional(row['lot_no']),
      product: optional(row['product_code']),
      shift: optional(row['shift_code']),
      production_count: row['production_count'],
      defect_count: row['defect_count'],
    }),
  },
  {
    table: 'downtimes',
    key: 'id',
    columns: ['id', 'line_code', 'equipment_code', 'reason', 'started_at', 'ended_at'],
    toEvent: (row) => ({
      type: 'downtime',
      line: row['line_code'],
      occurred_at_ms: row['ended_at'] ?? row['started_at'],
      equipment: optional(row['equipment_code']),
      reason: row['reason'] ?? '',
      started_at_ms: row['started_at'],
      ended_at_ms: row['ended_at'] ?? null,
    }),
  },
  {
    table: 'inspections',
    key: 'id',
    columns: ['id', 'line_code', 'lot_no', 'equipment_code', 'passed', 'defect_code', 'inspected_at'],
    toEvent: (row) => ({
      type: 'inspection',
      line: row['line_code'],
      occurred_at_ms: row['inspected_at'] ?? row['updated_at'],
      lot: optional(row['lot_no']),
      equipment: optional(row['equipment_code']),
      passed: row['passed'],
      defect_code: optional(row['defect_code']),
    }),
  },
]

export type RowOutcome = { readonly event: FactoryEvent } | { readonly refused: string }

/** The event of a row. `version` is the row's `updated_at` to the microsecond, as text: milliseconds would make two quick changes one. */
export function eventOfRow(source: string, table: MesTable, row: MesRow, version: string): RowOutcome {
  const made = table.toEvent(row)
  const parsed = eventSchema.safeParse({
    source,
    source_key: `${table.table}:${String(row[table.key])}:${version}`,
    ...(made as object),
  })
  if (parsed.success) return { event: parsed.data }
  const issue = parsed.error.issues[0]
  return {
    refused: `${table.table} ${String(row[table.key])}: "${issue?.path.join('.') ?? ''}" ${issue?.message ?? 'is wrong'}`,
  }
}
