import ipaddr from 'ipaddr.js'

/** Of what no address is, as some proxies write for those that they do not know. */
const charactersMax = 64
/** Ranges of IPv6 in which the last 32 bits are an address of IPv4 that a network has translated (RFC 6052, RFC 6145): all of IPv4 stands in one /64. */
const translated = new Set<string>(['rfc6052', 'rfc6145'])
/** What is given to one subscriber or host at the least (RFC 6177): within it everybody has addresses without number. */
const ipv6PrefixBytes = 8

/**
 * Whom the sender of a request counts as where attempts are counted by address: an IPv4 address, however it is written and from whichever port, or the /64 of an
 * IPv6 address. What is no address counts as itself.
 */
export function networkOf(address: string): string {
  const host = address.replace(/^\[([^\]]*)\](?::\d+)?$|^([\d.]+):\d+$/, '$1$2')
  if (!ipaddr.isValid(host)) return address.slice(0, charactersMax)
  const parsed = ipaddr.process(host)
  if (parsed instanceof ipaddr.IPv4) return parsed.toString()
  if (translated.has(parsed.range())) return ipaddr.fromByteArray(parsed.toByteArray().slice(-4)).toString()
  const prefix = parsed.toByteArray().fill(0, ipv6PrefixBytes)
  return `${ipaddr.fromByteArray(prefix).toString()}/64`
}
