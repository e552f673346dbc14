import type { CloudStreamEvent } from '@jidoka/contract'

/**
 * What has happened and is committed, told to those who are interested in this process: consoles' streams, waiting edges.
 * Nothing is kept: who was not there asks the database.
 */
export class EventHub {
  #streams = new Map<string, Set<(event: CloudStreamEvent) => void>>()
  #desired = new Map<string, Set<() => void>>()

  publish(tenantId: string, event: CloudStreamEvent): void {
    for (const heard of this.#streams.get(tenantId) ?? []) heard(event)
  }

  /** False: events of this tenant need not even be made. */
  isHeard(tenantId: string): boolean {
    return this.#streams.has(tenantId)
  }

  /** Events of one tenant and no other (I6). The returned function ends it. */
  subscribe(tenantId: string, heard: (event: CloudStreamEvent) => void): () => void {
    return add(this.#streams, tenantId, heard)
  }

  /** The desired state of an edge has changed. */
  wakeEdge(edgeId: string): void {
    for (const wake of this.#desired.get(edgeId) ?? []) wake()
  }

  onDesiredChange(edgeId: string, wake: () => void): () => void {
    return add(this.#desired, edgeId, wake)
  }
}

function add<Listener>(map: Map<string, Set<Listener>>, key: string, listener: Listener): () => void {
  const listeners = map.get(key) ?? new Set()
  map.set(key, listeners)
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
    if (listeners.size === 0 && map.get(key) === listeners) map.delete(key)
  }
}
