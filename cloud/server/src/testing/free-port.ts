import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'

/** A port of loopback that nobody listens on; for programs that cannot say which one they have taken. */
export async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const { port } = probe.address() as AddressInfo
  await new Promise((resolve) => probe.close(resolve))
  return port
}
