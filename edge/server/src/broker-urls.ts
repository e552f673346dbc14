import type { Broker } from './broker/index.ts'

/** Where the broker listens, by the key of the ready line. */
export interface BrokerUrls {
  readonly mqtt: string
  readonly mqtts?: string
  /** wss:// where TLS is set. */
  readonly ws?: string
}

interface Listeners {
  readonly host: string
  readonly tls?: { readonly host?: string | undefined } | undefined
  readonly ws?: unknown
}

export function brokerUrlsOf(
  { host, tls, ws }: Listeners,
  { url, tlsPort, wsPort }: Pick<Broker, 'url' | 'tlsPort' | 'wsPort'>,
): BrokerUrls {
  const secured = tls?.host ?? host
  const name = secured.includes(':') ? `[${secured}]` : secured
  return {
    mqtt: url,
    ...(tls === undefined ? {} : { mqtts: `mqtts://${name}:${tlsPort}` }),
    ...(ws === undefined ? {} : { ws: `${tls === undefined ? 'ws' : 'wss'}://${name}:${wsPort}/mqtt` }),
  }
}
