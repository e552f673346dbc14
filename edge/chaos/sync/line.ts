/** What is wrong with a line. The names say what one sees; toxiproxy's own stand in toxiproxy.ts. */
export type Toxic =
  /** Everything comes later. */
  | { readonly kind: 'slow'; readonly latencyMs: number; readonly jitterMs: number }
  | { readonly kind: 'narrow'; readonly kbPerSecond: number }
  /** Half-open: connections stand and nothing comes through. */
  | { readonly kind: 'silent' }
  /** Connections are reset after so long. */
  | { readonly kind: 'reset'; readonly afterMs: number }
  /** Connections are closed after so many bytes: in the middle of a message, mostly. */
  | { readonly kind: 'torn'; readonly bytes: number }

/** `up`: from the edge to the cloud. */
export type Direction = 'up' | 'down'

/** The line between an edge and its cloud, in the harness' hand. Its address outlives both. */
export interface Line {
  readonly name: string
  readonly url: string
  /** Ends all connections and takes no new ones until it is healed. */
  cut(): Promise<void>
  add(toxic: Toxic, direction: Direction): Promise<void>
  /** A line as new. */
  heal(): Promise<void>
  close(): Promise<void>
}
