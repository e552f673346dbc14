import type { UplinkEffect } from '@jidoka/sync-engine'

/** The body of the record that an outage is. */
export const outageBody = ({
  fromMs,
  toMs,
  cause,
  rowsWaiting,
  drained,
}: Extract<UplinkEffect, { kind: 'record_outage' }>): object => ({
  from_ms: fromMs,
  to_ms: toMs,
  cause,
  rows_waiting: rowsWaiting,
  ...(drained === null ? {} : { drained_ms: drained.atMs, dropped: drained.dropped, receipted: drained.receipted }),
})
