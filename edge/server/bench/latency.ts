import { answer, asked, makeRing, percentile, ringSender, signedIn } from './ring.ts'

/** One publish under way at a time: how long each waits for its PUBACK. */
export interface LatencyQuestion {
  readonly port: number
  readonly warmUpCount: number
  readonly count: number
}
export interface LatencyAnswer {
  readonly p50Ms: number
  readonly p99Ms: number
}

const { port, warmUpCount, count } = asked() as LatencyQuestion
const socket = await signedIn(port, `latency-${process.pid}`)
const send = ringSender(socket, makeRing(0, 1))
const latenciesMs: number[] = []
for (let index = 0; index < warmUpCount + count; index++) {
  const sentMs = performance.now()
  const acknowledged = new Promise((resolve) => socket.once('data', resolve))
  send(1)
  await acknowledged
  if (index >= warmUpCount) latenciesMs.push(performance.now() - sentMs)
}
socket.destroy()
answer({ p50Ms: percentile(latenciesMs, 0.5), p99Ms: percentile(latenciesMs, 0.99) } satisfies LatencyAnswer)
