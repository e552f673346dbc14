/** What the rest of the appliance sees of something that brings events in. */
export interface ConnectorStatus {
  readonly name: string
  readonly state: 'starting' | 'up' | 'down'
  /** Since when it is in this state. */
  readonly sinceMs: number
  /** The last failure in a sentence; null while it is up. */
  readonly problem: string | null
  readonly eventsTotal: number
  /** Rows that could not become events, with the reason of the last one. */
  readonly rowsRefusedTotal: number
  readonly lastRefusal: string | null
}
