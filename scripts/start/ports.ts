import { createServer } from 'node:net'

export interface ChosenPort {
  readonly port: number
  /** The port that was wanted and is taken by another program. */
  readonly taken: number | null
}

/** The port that was wanted if it is free on loopback, else one that the system gives. */
export async function choosePort(wanted: number): Promise<ChosenPort> {
  if (await isFree(wanted)) return { port: wanted, taken: null }
  return { port: await freePort(), taken: wanted }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)))
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen({ port: 0, host: '127.0.0.1' }, () => {
      const address = probe.address()
      probe.close(() =>
        typeof address === 'object' && address !== null
          ? resolve(address.port)
          : reject(new Error('no port was given')),
      )
    })
  })
}
