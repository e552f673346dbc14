/** What the main thread and the thread of PGlite say to each other. Bytes are PostgreSQL's own wire protocol. */
export type ToWorker =
  /** `fresh` marks the first bytes of a new connection: what the one before left open is rolled back first. */
  { kind: 'bytes'; connection: number; fresh: boolean; bytes: Uint8Array } | { kind: 'close' }

export type FromWorker =
  | { kind: 'ready' }
  | { kind: 'bytes'; connection: number; bytes: Uint8Array }
  /** The engine itself has failed (not a statement): nothing after this can be trusted. */
  | { kind: 'failed'; message: string }
  | { kind: 'closed' }

export interface WorkerSettings {
  folder: string
}
