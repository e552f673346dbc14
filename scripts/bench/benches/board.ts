import { edgePaths } from '@jidoka/contract'
import { connectAsync } from 'mqtt'
import { startBenchAppliance } from '../appliance.ts'
import type { Bench } from '../harness.ts'

const readingsPerS = 1_000
const measuredS = 10
/** As many as the demonstration plant has: each changes some 16 times a second, so that waiting for one's turn counts too. */
const tagsCount = 60

interface Arrival {
  readonly key: string
  readonly atMs: number
  readonly seenMs: number
}

async function* streamLines(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = ''
  const decoder = new TextDecoder()
  for await (const chunk of body) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = parts.pop() ?? ''
    yield* parts
  }
}

export const bench: Bench = {
  async prepare() {
    const edge = await startBenchAppliance()
    const login = await fetch(`${edge.http}${edgePaths.login}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: edge.http },
      body: JSON.stringify({ login: 'admin', password: edge.password }),
    })
    if (!login.ok) throw new Error(`the edge refused the sign-in: ${await login.text()}`)
    const cookie = (login.headers.getSetCookie()[0] ?? '').split(';')[0] ?? ''
    const devices = await connectAsync(edge.mqtt, {
      username: edge.device.login,
      password: edge.device.secret,
      clientId: 'bench',
    })

    const measureOnce = async (): Promise<number> => {
      const leaving = new AbortController()
      const stream = await fetch(`${edge.http}${edgePaths.stream}`, { headers: { cookie }, signal: leaving.signal })
      if (!stream.body) throw new Error('the stream has no body')
      const arrivals: Arrival[] = []
      const reading = (async () => {
        for await (const line of streamLines(stream.body as ReadableStream<Uint8Array>)) {
          if (!line.startsWith('data: {"values"')) continue
          const seenMs = Date.now()
          const { values } = JSON.parse(line.slice(6)) as { values: { key: string; at: string }[] }
          for (const { key, at } of values) arrivals.push({ key, atMs: Date.parse(at), seenMs })
        }
      })().catch((error: unknown) => {
        if (!leaving.signal.aborted) throw error
      })
      const sent = await publish(devices, measuredS)
      await new Promise((resolve) => setTimeout(resolve, 500))
      leaving.abort()
      await reading
      return percentile(latencies(sent, arrivals), 0.99)
    }
    await publish(devices, 2)
    return {
      rows: [{ name: 'latency reading to board (SSE) at 1,000 readings/s, p99 ms', unit: 'ms', subject: measureOnce }],
      close: async () => {
        await devices.endAsync()
        await edge.stop()
      },
    }
  },
}

/** Publishes at an even rate; answers the source time of each reading by tag. */
async function publish(
  devices: Awaited<ReturnType<typeof connectAsync>>,
  seconds: number,
): Promise<Map<string, number[]>> {
  const sent = new Map<string, number[]>()
  const fromMs = performance.now()
  let count = 0
  while (count < readingsPerS * seconds) {
    const due = Math.min(readingsPerS * seconds, Math.floor(((performance.now() - fromMs) / 1000) * readingsPerS))
    for (; count < due; count++) {
      const key = `LINE-A/M-${count % tagsCount}/temperature`
      const atMs = Date.now()
      const payload = JSON.stringify({ value: 60 + (count % 100) / 10, unit: '°C', timestamp: atMs })
      devices.publish(`sensor/${key}`, payload, { qos: 1 })
      const times = sent.get(key)
      if (times) times.push(atMs)
      else sent.set(key, [atMs])
    }
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  return sent
}

/** For each reading: until the board was told of it or of a newer one of its tag. */
function latencies(sent: ReadonlyMap<string, readonly number[]>, arrivals: readonly Arrival[]): number[] {
  const byKey = Map.groupBy(arrivals, (arrival) => arrival.key)
  const found: number[] = []
  for (const [key, times] of sent) {
    const seen = byKey.get(key) ?? []
    let next = 0
    for (const atMs of times) {
      while (next < seen.length && (seen[next]?.atMs ?? 0) < atMs) next++
      const arrival = seen[next]
      if (!arrival) throw new Error(`a reading of ${key} never came to the board`)
      found.push(arrival.seenMs - atMs)
    }
  }
  return found
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
