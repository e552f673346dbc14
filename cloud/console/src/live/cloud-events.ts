import type { CloudStreamEvent } from '@jidoka/contract'
import type { ServerEvent } from '@jidoka/ui'

/** A name that is missing here does not compile. */
const names: Record<CloudStreamEvent['event'], true> = {
  judgment: true,
  alarm: true,
  edge: true,
  deployment: true,
  trouble: true,
  job: true,
  reset: true,
}

/**
 * An event of the cloud's stream; null for one that this console does not know (a newer cloud) or cannot read. The server
 * checks what it sends against the contract, so the shape is not checked a second time for every event of every tab.
 */
export function parseCloudEvent(event: ServerEvent): CloudStreamEvent | null {
  if (!Object.hasOwn(names, event.event)) return null
  try {
    const data: unknown = JSON.parse(event.data)
    return typeof data === 'object' && data !== null ? ({ event: event.event, data } as CloudStreamEvent) : null
  } catch {
    return null
  }
}
