import { isThisMachine, travelsInClear } from '@jidoka/base'
import type { CloudConfig } from '../config.ts'
import { readRedisAddress } from './redis/address.ts'

type Settings = Pick<
  CloudConfig,
  | 'http'
  | 'database_url'
  | 'database_direct_url'
  | 'database_replica_url'
  | 'tenancy'
  | 'redis'
  | 'objects'
  | 'module_addresses'
  | 'electric_url'
  | 'tracing'
>

/**
 * What the program is told to send over a network that others can read or answer on, each as a sentence with what to set. A network that is closed to
 * others is a reason; that nobody has thought of it is not, so it is said at each start.
 */
export function clearWays(settings: Settings): string[] {
  const { http, redis, objects, module_addresses: modules, electric_url: electricUrl, tracing } = settings
  const said: string[] = []
  const by = (name: string, what: string, instead: string) =>
    said.push(`${name}: ${what} can be read on the way, and answered by others. ${instead}`)

  for (const [name, url] of databasesOf(settings)) {
    const line = lineToPostgres(url)
    if (line === 'clear')
      by(
        name,
        'passwords and all data',
        'Add ?sslmode=verify-full to the address; NODE_EXTRA_CA_CERTS names an authority of your own.',
      )
    if (line === 'unverified')
      said.push(
        `${name}: nobody looks whether the right server answers. Write sslmode=verify-full in place of no-verify.`,
      )
  }
  if (redis.url !== undefined) {
    const { tls, server, sentinels } = readRedisAddress(redis.url, redis.sentinels, redis.master)
    const hosts = server === null ? sentinels : [server]
    if (!tls && !hosts.every(({ host }) => isThisMachine(host)))
      by('REDIS_URL', 'the password, cached answers and events', 'Begin the address with rediss://.')
  }
  const byHttp: readonly (readonly [name: string, url: string | undefined, what: string])[] = [
    // Objects are sealed before they leave.
    ['S3_ENDPOINT', objects.endpoint, 'signed requests'],
    ['ELECTRIC_URL', electricUrl, 'the secret and the desired state of edges'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', tracing.endpoint, 'traces'],
    ...Object.entries(modules).map(
      ([module, url]) =>
        [`JIDOKA_CLOUD_${module.toUpperCase()}_URL`, url, 'tokens of modules and what they are asked'] as const,
    ),
  ]
  for (const [name, url, what] of byHttp)
    if (url !== undefined && travelsInClear(url)) by(name, what, 'Begin the address with https://.')
  if (!http.https && !isThisMachine(http.host))
    said.push(
      `JIDOKA_CLOUD_HTTP_HOST: the program listens for other machines, and JIDOKA_CLOUD_HTTPS is not set: browsers would send the session over http too. End TLS in front of it and set JIDOKA_CLOUD_HTTPS=true.`,
    )
  return said
}

function databasesOf({
  database_url: url,
  database_direct_url: directUrl,
  database_replica_url: replicaUrl,
  tenancy,
}: Settings): (readonly [string, string])[] {
  const named = (setting: string, databases: typeof tenancy.shards) =>
    Object.entries(databases).flatMap(([name, one]) =>
      [one.url, one.direct_url].flatMap((each) =>
        each === undefined ? [] : [[`${setting} ("${name}")`, each] as const],
      ),
    )
  return [
    ...(url === undefined ? [] : [['DATABASE_URL', url] as const]),
    ...(directUrl === undefined ? [] : [['DATABASE_DIRECT_URL', directUrl] as const]),
    ...(replicaUrl === undefined ? [] : [['JIDOKA_CLOUD_DATABASE_REPLICA_URL', replicaUrl] as const]),
    ...named('JIDOKA_CLOUD_SHARDS', tenancy.shards),
    ...named('JIDOKA_CLOUD_OWN_DATABASES', tenancy.own),
  ]
}

/** As the driver reads it: without a mode it asks for no TLS, and with any but `disable` and `no-verify` it verifies. */
function lineToPostgres(url: string): 'private' | 'clear' | 'unverified' {
  if (!URL.canParse(url)) return 'private'
  const { hostname, searchParams } = new URL(url)
  const host = searchParams.get('host') ?? decodeURIComponent(hostname)
  // A socket of this machine is a path, or nothing.
  if (host === '' || host.startsWith('/') || isThisMachine(host)) return 'private'
  const mode =
    searchParams.get('sslmode') ?? (/^(true|1)$/.test(searchParams.get('ssl') ?? '') ? 'verify-full' : 'disable')
  if (mode === 'disable') return 'clear'
  const isLax = mode === 'no-verify' || (searchParams.get('uselibpqcompat') === 'true' && !mode.startsWith('verify-'))
  return isLax ? 'unverified' : 'private'
}
