import { acksPerSecond, mosquittoFile, startMosquitto, startSubject } from './processes.ts'
import type { RunningServer } from './processes.ts'

/** One row of the benchmark: each call of a measure is one round, with servers and load generator of its own. */
export interface AckRow {
  readonly name: string
  readonly unit: string
  readonly subject: () => Promise<number>
  /** Why there is no peer, where it is not installed. */
  readonly peer: (() => Promise<number>) | string
}

/** Half a second to fill the windows and to let the code become hot; 2.5 s are a million acknowledgements. */
const load = { window: 500, warmUpMs: 500, measuredMs: 2_500 }

/**
 * Durable QoS 1 acknowledgements: our broker with journal (`synchronous=FULL`) against Mosquitto that keeps nothing, with
 * the same load generator.
 */
export const ackRows: readonly AckRow[] = [
  row('durable QoS 1 acknowledgements/s, 1 connection', 1, 0),
  row('durable QoS 1 acknowledgements/s, 4 connections', 4, 0),
  row('durable QoS 1 acknowledgements/s, 50 connections', 50, 0),
]

/** The same with a rule at work: beside the yardstick, since Mosquitto judges nothing. */
export const judgedRows: readonly AckRow[] = [
  row('durable QoS 1 acknowledgements/s, 4 connections, each reading judged', 4, 1),
]

function row(name: string, connections: number, ruleCount: number): AckRow {
  return {
    name,
    unit: 'acknowledgements/s',
    subject: () => measure(startSubject(ruleCount), connections),
    peer: mosquittoFile === null ? 'mosquitto is not installed' : () => measure(startMosquitto(), connections),
  }
}

async function measure(starting: Promise<RunningServer>, connections: number): Promise<number> {
  const server = await starting
  try {
    return await acksPerSecond(server.port, { ...load, connections })
  } finally {
    await server.stop()
  }
}
