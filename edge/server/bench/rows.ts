import type { AppendAnswer, AppendQuestion } from './append.ts'
import type { JudgedAnswer, JudgedQuestion } from './judged-load.ts'
import type { LatencyAnswer, LatencyQuestion } from './latency.ts'
import type { LoadAnswer, LoadQuestion } from './load.ts'
import { nodeRedFile } from './peers.ts'
import { ask, mosquittoFile, startMosquitto, startNodeRed, startSubject } from './processes.ts'
import type { RunningServer } from './processes.ts'
import type { RawAnswer, RawQuestion } from './raw-sqlite.ts'

/** One row of the benchmark: each call of a measure is one round, with servers and load generator of its own. */
export interface EdgeRow {
  readonly name: string
  readonly unit: string
  readonly subject: () => Promise<number>
  /** Why there is no peer, where it is not installed. */
  readonly peer: (() => Promise<number>) | string
}

/** Half a second to fill the windows and to let the code become hot; 2.5 s are a million acknowledgements. */
const load = { window: 500, samplesCount: 1, warmUpMs: 500, measuredMs: 2_500 }

const withoutMosquitto = 'mosquitto is not installed (npm run bench set-up)'
const withoutNodeRed = 'node-red is not installed (npm run bench set-up)'

/** Inserts of 1,000 rows: what a store that writes a row a reading can do at best. */
const rawRowsPerS = async (): Promise<number> => {
  const question: RawQuestion = { rowsPerCommit: 1_000, commits: 600, warmUpCommits: 100 }
  return (await ask<RawAnswer>('./raw-sqlite.ts', question)).rowsPerS
}

export const edgeRows: readonly EdgeRow[] = [
  acknowledgements(1),
  acknowledgements(4),
  acknowledgements(50),
  {
    name: 'the same at window 1, p99 ms, against a bare one-row FULL commit',
    unit: 'ms',
    subject: () =>
      on(startSubject({ ruleCount: 0 }), async ({ port }) => {
        const question: LatencyQuestion = { port, warmUpCount: 2_000, count: 6_000 }
        return (await ask<LatencyAnswer>('./latency.ts', question)).p99Ms
      }),
    peer: async () => {
      const question: RawQuestion = { rowsPerCommit: 1, commits: 6_000, warmUpCommits: 2_000 }
      return (await ask<RawAnswer>('./raw-sqlite.ts', question)).p99Ms
    },
  },
  {
    name: 'journal append alone, 500 readings a commit, against rows in inserts of 1,000',
    unit: 'readings/s',
    subject: async () => {
      const question: AppendQuestion = { readingsPerCommit: 500, commits: 3_000, warmUpCommits: 1_000 }
      return (await ask<AppendAnswer>('./append.ts', question)).readingsPerS
    },
    peer: rawRowsPerS,
  },
  stored(1),
  stored(20),
  {
    name: 'judged end to end, every verdict out by MQTT, against Mosquitto + Node-RED',
    unit: 'verdicts/s',
    subject: () => judged(startSubject({ ruleCount: 1 })),
    peer:
      mosquittoFile === null ? withoutMosquitto : nodeRedFile === null ? withoutNodeRed : () => judged(startNodeRed()),
  },
]

function acknowledgements(connections: number): EdgeRow {
  const measure = (server: Promise<RunningServer>) =>
    on(server, ({ port }) => acknowledgementsPerS({ port, ...load, connections }))
  return {
    name: `durable QoS 1 acknowledgements/s, ${connections} connection${connections === 1 ? '' : 's'}, against Mosquitto without persistence`,
    unit: 'acknowledgements/s',
    subject: () => measure(startSubject({ ruleCount: 0 })),
    peer: mosquittoFile === null ? withoutMosquitto : () => measure(startMosquitto()),
  }
}

function stored(samplesCount: number): EdgeRow {
  return {
    name: `readings stored through MQTT, ${samplesCount} a message, against rows in inserts of 1,000`,
    unit: 'readings/s',
    subject: () =>
      on(startSubject({ ruleCount: 0 }), async ({ port }) => {
        // As many messages under way as fit the broker's bounds also where each is twenty times as large.
        const window = Math.ceil(load.window / Math.sqrt(samplesCount))
        return samplesCount * (await acknowledgementsPerS({ port, ...load, window, samplesCount, connections: 4 }))
      }),
    peer: rawRowsPerS,
  }
}

/** All of them must come: a lost verdict is no figure. */
async function judged(server: Promise<RunningServer>): Promise<number> {
  return on(server, async ({ port }) => {
    const question: JudgedQuestion = {
      port,
      verdictFilter: 'verdict/#',
      connections: 4,
      window: 2_000,
      warmUpMs: 1_000,
      measuredMs: 2_500,
    }
    const { verdicts, seconds, lost } = await ask<JudgedAnswer>('./judged-load.ts', question)
    if (lost > 0) throw new Error(`${lost} verdicts were lost`)
    return verdicts / seconds
  })
}

async function acknowledgementsPerS(question: LoadQuestion): Promise<number> {
  const { acks, seconds } = await ask<LoadAnswer>('./load.ts', question)
  return acks / seconds
}

async function on(
  starting: Promise<RunningServer>,
  measure: (server: RunningServer) => Promise<number>,
): Promise<number> {
  const server = await starting
  try {
    return await measure(server)
  } finally {
    await server.stop()
  }
}
