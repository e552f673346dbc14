import type { CloudStreamEvent } from '@jidoka/contract'

/** The hubs of the other processes of this cloud. */
export interface OtherHubs {
  /** Whether somebody follows the events of this tenant there. */
  isHeard(tenantId: string): boolean
  tell(tenantId: string, event: CloudStreamEvent): void
  /** Somebody begins to follow the events of this tenant here. */
  listens(tenantId: string): void
}

/**
 * What has happened and is committed, told to those who are interested: consoles' streams, in whichever process they are open, and edges that wait in
 * this one. Nothing is kept: who was not there asks the database.
 */
export class EventHub {
  #others: OtherHubs | null = null
  #streams = new Map<string, Set<(event: CloudStreamEvent) => void>>()
  #desired = new Map<string, Set<() => void>>()

  connect(others: OtherHubs): void {
    this.#others = others
  }

  publish(tenantId: string, event: CloudStreamEvent): void {
    this.deliver(tenantId, event)
    if (this.#others?.isHeard(tenantId) === true) this.#others.tell(tenantId, event)
  }

  /** To the streams of this process alone. */
  deliver(tenantId: string, event: CloudStreamEvent): void {
    for (const heard of this.#streams.get(tenantId) ?? []) heard(event)
  }

  /** False: events of this tenant need not even be made. */
  isHeard(tenantId: string): boolean {
    return this.#streams.has(tenantId) || this.#others?.isHeard(tenantId) === true
  }

  /** The tenants whose events are followed in this process. */
  get heardHere(): string[] {
    return [...this.#streams.keys()]
  }

  /** Events of one tenant and no other (I6). The returned function ends it. */
  subscribe(tenantId: string, heard: (event: CloudStreamEvent) => void): () => void {
    const isFirst = !this.#streams.has(tenantId)
    const leave = add(this.#streams, tenantId, heard)
    if (isFirst) this.#others?.listens(tenantId)
    return leave
  }

  /** The desired state of an edge has changed. */
  wakeEdge(edgeId: string): void {
    for (const wake of this.#desired.get(edgeId) ?? []) wake()
  }

  /** That of any edge may have changed: what would have told of it was not heard. */
  wakeAllEdges(): void {
    for (const edgeId of this.#desired.keys()) this.wakeEdge(edgeId)
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
