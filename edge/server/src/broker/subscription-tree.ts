import type { Qos } from './packets.ts'

interface Node<Holder> {
  readonly children: Map<string, Node<Holder>>
  readonly holders: Map<Holder, Qos>
}

const newNode = <Holder>(): Node<Holder> => ({ children: new Map(), holders: new Map() })

/** Who has subscribed to what, by the levels of the filters: finding the readers of a topic costs by its depth, not by the number of filters. */
export class SubscriptionTree<Holder> {
  readonly #root = newNode<Holder>()
  #generation = 0
  /** Answers of `match` until the next change. */
  readonly #found = new Map<string, ReadonlyMap<Holder, Qos>>()

  /** Grows with every change, so that an answer may be remembered until then. */
  get generation(): number {
    return this.#generation
  }

  add(filter: string, holder: Holder, qos: Qos): void {
    this.#changed()
    let node = this.#root
    for (const level of filter.split('/')) {
      let child = node.children.get(level)
      if (child === undefined) {
        child = newNode()
        node.children.set(level, child)
      }
      node = child
    }
    node.holders.set(holder, qos)
  }

  remove(filter: string, holder: Holder): void {
    this.#changed()
    const path: { readonly parent: Node<Holder>; readonly level: string; readonly node: Node<Holder> }[] = []
    let parent = this.#root
    for (const level of filter.split('/')) {
      const node = parent.children.get(level)
      if (node === undefined) return
      path.push({ parent, level, node })
      parent = node
    }
    parent.holders.delete(holder)
    // A client that subscribes to ever new filters must not leave their levels behind.
    for (const { parent: above, level, node } of path.toReversed())
      if (node.children.size === 0 && node.holders.size === 0) above.children.delete(level)
  }

  /** The readers of a topic, each once, with the highest QoS of the filters that mean it [MQTT-3.3.5-1]. */
  match(topic: string): ReadonlyMap<Holder, Qos> {
    const known = this.#found.get(topic)
    if (known !== undefined) return known
    const found = new Map<Holder, Qos>()
    collect(this.#root, topic.split('/'), 0, topic.startsWith('$'), found)
    // Only where there is something to save: topics that nobody reads would take the room.
    if (found.size > 1) {
      if (this.#found.size >= foundMax) this.#found.clear()
      this.#found.set(topic, found)
    }
    return found
  }

  #changed(): void {
    this.#generation++
    this.#found.clear()
  }
}

/** Topics of a flood, mostly one a client. A publisher that makes up topics gets them found anew. */
const foundMax = 1_000

function collect<Holder>(
  node: Node<Holder>,
  levels: readonly string[],
  depth: number,
  isHidden: boolean,
  found: Map<Holder, Qos>,
): void {
  const { children } = node
  // [MQTT-4.7.2-1] wildcards of the first level do not mean what begins with `$`.
  const wildcards = depth > 0 || !isHidden
  // `a/#` means `a` as well [MQTT-4.7.1-2].
  if (wildcards) take(children.get('#'), found)
  const level = levels[depth]
  if (level === undefined) return take(node, found)
  const exact = children.get(level)
  if (exact !== undefined) collect(exact, levels, depth + 1, isHidden, found)
  const any = wildcards ? children.get('+') : undefined
  if (any !== undefined) collect(any, levels, depth + 1, isHidden, found)
}

function take<Holder>(node: Node<Holder> | undefined, found: Map<Holder, Qos>): void {
  if (node === undefined) return
  for (const [holder, qos] of node.holders) {
    const known = found.get(holder)
    if (known === undefined || known < qos) found.set(holder, qos)
  }
}
