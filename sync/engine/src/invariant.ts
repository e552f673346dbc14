/** A broken invariant of the engine or of its shell: the process must stop, since going on could lose rows. */
export class EngineInvariantError extends Error {
  override name = 'EngineInvariantError'
}

export function invariant(holds: boolean, what: string): asserts holds {
  if (!holds) throw new EngineInvariantError(what)
}
