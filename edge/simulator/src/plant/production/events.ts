/** What happens on a line, in the order of its happening; the MES keeps it as rows. `atMs` is plant time. */
export type ProductionEvent = { readonly atMs: number; readonly line: string } & (
  | { readonly type: 'order_started'; readonly order: string; readonly product: string; readonly targetCount: number }
  | { readonly type: 'order_finished'; readonly order: string }
  | {
      readonly type: 'lot_started'
      readonly lot: string
      readonly order: string
      readonly product: string
      readonly shift: string
    }
  | { readonly type: 'lot_finished'; readonly lot: string }
  /** Pieces of the lot since it began. */
  | {
      readonly type: 'counted'
      readonly lot: string
      readonly order: string
      readonly product: string
      readonly shift: string
      readonly productionCount: number
      readonly defectCount: number
    }
  | { readonly type: 'stopped'; readonly equipment: string; readonly reason: string }
  | { readonly type: 'resumed' }
  | {
      readonly type: 'inspected'
      readonly lot: string
      readonly equipment: string
      readonly passed: boolean
      readonly defectCode: string | null
    }
)
