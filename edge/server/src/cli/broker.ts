import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { createLog } from '@jidoka/base'
import { startBrokerAlone } from '../broker-alone.ts'
import { brokerUrlsOf } from '../broker-urls.ts'
import { UsageError } from './command.ts'
import type { Command } from './command.ts'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

/** The broker by itself: the journal and MQTT with the open policy, nothing else. What is acknowledged is on disk all the same. */
export const brokerCommand: Command = {
  name: 'broker',
  summary: 'the broker alone, open to anybody, for tests of integrators',
  help: `jidoka broker --open [--port N] [--host H] [--ws-port N] [--data FOLDER]

  --open          anybody may publish and read everything; there is no other policy without an appliance
  --port N        MQTT (default 1883; 0: any free one)
  --host H        where it listens (default 127.0.0.1: this machine alone)
  --ws-port N     MQTT over WebSocket at /mqtt as well
  --data FOLDER   keeps readings, sessions and retained messages there; without it a temporary folder is made, and
                  removed at a stop in order

Readings (sensor/#) are stored as on an appliance, and forwarded to who subscribes. It changes who may do what, never
durability: an acknowledged QoS 1 or 2 message survives a kill. Prints one line when it is ready:
{"ready":true,"mqtt":"mqtt://127.0.0.1:1883"}. SIGTERM or Ctrl+C stops it in order.`,
  async run(args, context) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        open: { type: 'boolean', default: false },
        port: { type: 'string', default: '1883' },
        host: { type: 'string', default: '127.0.0.1' },
        'ws-port': { type: 'string' },
        data: { type: 'string' },
      },
    })
    if (!values.open)
      throw new UsageError('Say --open: the broker alone lets in anybody. For devices with logins start the appliance.')
    const port = portOf('--port', values.port)
    const wsPort = values['ws-port'] === undefined ? undefined : portOf('--ws-port', values['ws-port'])
    const isTemporary = values.data === undefined
    const dataFolder = values.data === undefined ? mkdtempSync(join(tmpdir(), 'jidoka-broker-')) : resolve(values.data)
    if (isTemporary) context.err(`Everything is kept in ${dataFolder}, which is removed at a stop in order.`)

    const stops: (() => unknown)[] = []
    if (isTemporary) stops.push(() => rmSync(dataFolder, { recursive: true, force: true }))
    const failed = Promise.withResolvers<never>()
    // Nobody waits for it before the broker runs.
    failed.promise.catch(() => {})
    try {
      const log = createLog('broker', { level: 'warn', destination: { write: (line) => context.err(line.trimEnd()) } })
      const alone = await startBrokerAlone({
        dataFolder,
        tenantId: 'open',
        host: values.host,
        port,
        ws: wsPort === undefined ? undefined : { port: wsPort },
        version,
        log,
        onFailure: (error) => failed.reject(error),
      })
      stops.push(() => alone.stop())
      const { broker } = alone
      const urls = brokerUrlsOf({ host: values.host, ws: wsPort }, broker)
      context.out(JSON.stringify({ ready: true, ...urls }))
      await Promise.race([aborted(context.signal), failed.promise])
      return 0
    } finally {
      for (const stop of stops.toReversed()) await stop()
    }
  },
}

function portOf(option: string, text: string): number {
  const port = Number(text)
  if (!/^\d{1,5}$/.test(text) || port > 65_535)
    throw new UsageError(`${option} is a number from 0 to 65535, not "${text}".`)
  return port
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((done) => {
    if (signal.aborted) done()
    signal.addEventListener('abort', () => done(), { once: true })
  })
