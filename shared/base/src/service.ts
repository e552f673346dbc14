/**
 * A long-lived part of a program. `start` resolves when the part does its work, `stop` when everything that it has
 * accepted is safe. Nothing restarts a part silently: one that cannot go on rejects or calls its owner's `onFailure`,
 * and the composition root ends the process, which its supervisor sees and says.
 */
export interface Service {
  readonly name: string
  start(): Promise<void>
  stop(): Promise<void>
}

/** Starts parts in order; when one fails, those already started are stopped in reverse order before the error is thrown. */
export async function startAll(services: readonly Service[]): Promise<void> {
  const started: Service[] = []
  for (const service of services) {
    try {
      await service.start()
    } catch (error) {
      await stopAll(started)
      throw error
    }
    started.push(service)
  }
}

/** Stops parts in reverse order; all get their turn, the first failure is thrown at the end. */
export async function stopAll(services: readonly Service[]): Promise<void> {
  const failures: unknown[] = []
  for (const service of services.toReversed()) {
    try {
      await service.stop()
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, 'some parts did not stop in order')
}
