import { isIP } from 'node:net'

/** Whether what is sent to the URL can be read by others on the way: http to a host that is not this machine itself. */
export function travelsInClear(url: string): boolean {
  const { protocol, hostname } = new URL(url)
  return protocol === 'http:' && !isThisMachine(hostname)
}

/** Whether what is sent to the host leaves this machine. @param host as in a URL: an IPv6 address may stand in brackets */
export function isThisMachine(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, '')
  if (isIP(name) === 4) return name.startsWith('127.')
  return name === '::1' || name === 'localhost' || name.endsWith('.localhost')
}
