import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { connect as connectMqtt } from 'mqtt'
import type { MqttClient } from 'mqtt'
import type { Folders } from '../folders.ts'
import { readingOf, usual } from '../publisher/kinds.ts'
import type { PublisherKind } from '../publisher/kinds.ts'
import { holdsWithin, pause } from '../until.ts'
import { Crowd } from './crowd.ts'

/** Debian puts it outside of a user's path. */
export const mosquittoFile =
  ['/usr/sbin/mosquitto', '/usr/local/sbin/mosquitto', '/usr/bin/mosquitto'].find((file) => existsSync(file)) ?? null

const kind: PublisherKind = { ...usual, name: 'PEER' }

/** Stands behind everything that a subscriber is owed. */
const lastWord = { topic: 'sensor/of-the-test', payload: '{"value":null}' }
/** For all that it is owed. */
const heardMsMax = 60_000

export interface PeerLosses {
  readonly acknowledged: number
  readonly lost: number
}

/**
 * The same publishers and the same question to Mosquitto with persistence, written every second: a subscriber's session
 * that is away is owed every QoS 1 message. What had been acknowledged, and does not come after its end and a start, is lost.
 *
 * @param signal how it ends: SIGTERM lets it write, and shows that the question is a fair one
 */
export async function mosquittoLosses(folders: Folders, signal: 'SIGKILL' | 'SIGTERM'): Promise<PeerLosses> {
  if (mosquittoFile === null) throw new Error('mosquitto is not installed (Debian: apt-get install mosquitto)')
  const folder = folders.new('mosquitto')
  mkdirSync(folder, { recursive: true })
  const port = await freePort()
  const config = join(folder, 'mosquitto.conf')
  writeFileSync(
    config,
    `user root\nlistener ${port} 127.0.0.1\nallow_anonymous true\npersistence true\npersistence_location ${folder}/\nautosave_interval 1\nmax_inflight_messages 0\nmax_queued_messages 0\nlog_type none\n`,
  )
  const crowd = new Crowd({ rateMax: 1_000, kinds: [kind] })
  const first = await start(config, port)
  try {
    const subscriber = await subscriberOf(port)
    await subscriber.subscribeAsync('sensor/#', { qos: 1 })
    await subscriber.endAsync()
    await crowd.connect(port)
    // Behind the first of its writes, so that it has something of the session to go on from.
    await pause(2_600)
    if (!(await holdsWithin(heardMsMax, () => crowd.acknowledgedCount > 600)))
      throw new Error('mosquitto does not take enough to be held against')
    // An end in order is no test of what is under way.
    if (signal === 'SIGTERM') await crowd.settle()
  } finally {
    await first.end(signal)
    crowd.disconnect()
  }
  const second = await start(config, port)
  const stored = new Set<number>()
  try {
    let isOver = false
    const subscriber = await subscriberOf(port, (payload, topic) => {
      if (topic === lastWord.topic) isOver = true
      const reading = readingOf(kind, valueOf(payload))
      if (reading !== null) stored.add(reading)
    })
    // It has it already unless its session is lost.
    await subscriber.subscribeAsync('sensor/#', { qos: 1 })
    await subscriber.publishAsync(lastWord.topic, lastWord.payload, { qos: 1 })
    if (!(await holdsWithin(heardMsMax, () => isOver))) throw new Error('mosquitto does not hand on what it took')
    await subscriber.endAsync(true)
  } finally {
    await second.end('SIGKILL')
  }
  let lost = 0
  for (const ledger of crowd.ledgers)
    for (let message = 1; message <= ledger.sentCount; message++)
      if (ledger.isAcknowledged(message) && !stored.has(message)) lost++
  return { acknowledged: crowd.acknowledgedCount, lost }
}

function valueOf(payload: Buffer): unknown {
  const json: unknown = JSON.parse(payload.toString('utf8'))
  return json !== null && typeof json === 'object' && 'value' in json ? json.value : null
}

async function subscriberOf(
  port: number,
  heard: (payload: Buffer, topic: string) => void = () => {},
): Promise<MqttClient> {
  const client = connectMqtt(`mqtt://127.0.0.1:${port}`, { clientId: 'chaos-reader', clean: false, reconnectPeriod: 0 })
  // Before the connection stands: what was queued comes right behind it.
  client.on('message', (topic, payload) => heard(payload, topic))
  await new Promise<void>((resolve, reject) => {
    client.once('connect', () => resolve())
    client.once('error', reject)
  })
  return client
}

async function start(config: string, port: number): Promise<{ end(signal: NodeJS.Signals): Promise<void> }> {
  const child = spawn(mosquittoFile ?? '', ['-c', config], { stdio: 'ignore' })
  const exited = new Promise((resolve) => child.once('exit', resolve))
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal)
    await exited
  }
  for (let attempt = 0; attempt < 200; attempt++) {
    if (await listens(port)) return { end }
    await pause(25)
  }
  await end('SIGKILL')
  throw new Error(`mosquitto does not listen on port ${port}`)
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.once('error', () => resolve(false))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
