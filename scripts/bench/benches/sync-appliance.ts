import { setTimeout as delay } from 'node:timers/promises'
import { edgePaths } from '@jidoka/contract'
import type { LineToCloud } from '@jidoka/contract'
import type { LoadAnswer, LoadQuestion } from '../../../edge/server/bench/load.ts'
import { ask } from '../../../edge/server/bench/processes.ts'
import { startBenchAppliance } from '../appliance.ts'
import type { BenchAppliance } from '../appliance.ts'
import type { BenchRow } from '../harness.ts'
import type { BenchCloud } from './sync-cloud.ts'
import { residentMb } from './sync-cloud.ts'
import { startRelay } from './sync-relay.ts'
import type { Relay } from './sync-relay.ts'

/** A minute's drain at the least, so that what grows with the backlog is seen. */
const backlogReadings = 2_000_000
/** Readings a message: the broker's own speed is not what is measured. */
const samplesCount = 20
const drainMsMax = 300_000
/** After the load: merging and garbage collection come to rest. */
const settleMs = 8_000

const changesCount = 60
const changePollMs = 10

/** A real appliance that is enrolled with a real cloud, the line between them in our hands. */
interface Ends {
  readonly appliance: BenchAppliance
  readonly relay: Relay
  readonly edgeId: string
  lane(): Promise<LineToCloud['lanes'][number]>
  close(): Promise<void>
}

async function connectEnds(cloud: BenchCloud): Promise<Ends> {
  const relay = await startRelay(cloud.url)
  const known = new Set((await cloud.client.edges()).map(({ id }) => id))
  const appliance = await startBenchAppliance([], {
    JIDOKA_CLOUD_URL: relay.url,
    JIDOKA_ENROLMENT_TOKEN: await cloud.client.enrolmentToken('BENCH'),
  })
  const login = await fetch(`${appliance.http}${edgePaths.login}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: appliance.http },
    body: JSON.stringify({ login: 'admin', password: appliance.password }),
  })
  const cookie = (login.headers.getSetCookie()[0] ?? '').split(';')[0] ?? ''
  const lane = async (): Promise<LineToCloud['lanes'][number]> => {
    const answer = await fetch(`${appliance.http}${edgePaths.sync}`, { headers: { cookie } })
    if (answer.status === 429) {
      // Who asks as often as this is sent away for a second now and then.
      await delay(Number(answer.headers.get('retry-after') ?? '1') * 1_000)
      return lane()
    }
    const { data } = (await answer.json()) as { data: LineToCloud }
    const found = data.lanes.find((each) => each.lane === 'readings')
    if (found === undefined) throw new Error('the appliance says nothing of its readings')
    return found
  }
  const edgeId = await until(30_000, 'the appliance to be enrolled', async () => {
    const found = (await cloud.client.edges()).find(({ id }) => !known.has(id))
    return found?.id ?? null
  })
  return {
    appliance,
    relay,
    edgeId,
    lane,
    close: async () => {
      await appliance.stop()
      await relay.close()
    },
  }
}

/** Resident memory of the appliance while it drains, over what it was at rest with the same backlog behind a cut line. */
export function drainMemoryRow(cloud: BenchCloud): BenchRow {
  return {
    name: 'memory of the edge while it drains, over idle, MB',
    unit: 'MB',
    subject: async () => {
      const ends = await connectEnds(cloud)
      try {
        ends.relay.cut()
        const question: LoadQuestion = {
          port: ends.appliance.mqttPort,
          connections: 8,
          window: 100,
          samplesCount,
          warmUpMs: 0,
          acksMax: backlogReadings / samplesCount,
          measuredMs: drainMsMax,
          credentials: ends.appliance.device,
        }
        const { acksInAll } = await ask<LoadAnswer>('./load.ts', question)
        if (acksInAll < backlogReadings / samplesCount) throw new Error(`only ${acksInAll} messages were stored`)
        await delay(settleMs)
        const idleMb = residentMb(ends.appliance.pid)
        let peakMb = idleMb
        ends.relay.mend()
        await until(drainMsMax, 'the backlog to be receipted', async () => {
          peakMb = Math.max(peakMb, residentMb(ends.appliance.pid))
          const { stored_seq, receipted_seq } = await ends.lane()
          return stored_seq >= backlogReadings && receipted_seq === stored_seq ? true : null
        })
        return peakMb - idleMb
      } finally {
        await ends.close()
      }
    },
  }
}

/** From the request that changes a desired item until the cloud has the edge's word that it is applied: both ways of the line. */
export function desiredRow(cloud: BenchCloud): BenchRow {
  return {
    name: 'desired-state change to applied on an online edge, p99 ms',
    unit: 'ms',
    subject: async () => {
      const ends = await connectEnds(cloud)
      try {
        const times: number[] = []
        for (let change = 0; change < changesCount; change++) {
          const startMs = performance.now()
          const name = { ko: `공장 ${change}`, en: `Plant ${change}` }
          await cloud.client.deploy(ends.edgeId, {
            kind: 'site',
            key: 'site',
            version: 1,
            body: { name, time_zone: 'Asia/Seoul', lines: [] },
          })
          await until(60_000, 'a change to be applied', async () => {
            const { items } = await cloud.client.edge(ends.edgeId)
            const site = items.find(({ kind }) => kind === 'site')
            return site?.reported?.state === 'applied' && site.reported.version === site.desired_version ? true : null
          })
          // The first waits for the edge to begin to follow.
          if (change > 0) times.push(performance.now() - startMs)
        }
        times.sort((left, right) => left - right)
        return times[Math.floor(times.length * 0.99)] as number
      } finally {
        await ends.close()
      }
    },
  }
}

async function until<Found>(msMax: number, what: string, look: () => Promise<Found | null>): Promise<Found> {
  const deadlineMs = performance.now() + msMax
  for (;;) {
    const found = await look()
    if (found !== null) return found
    if (performance.now() > deadlineMs) throw new Error(`waited in vain for ${what}`)
    await delay(changePollMs)
  }
}
