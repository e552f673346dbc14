/** Where Redis is, as REDIS_URL and REDIS_SENTINELS say it. */
export interface RedisAddress {
  /** Of the server itself; null where sentinels say which server it is. */
  readonly server: HostPort | null
  readonly sentinels: readonly HostPort[]
  /** The name under which the sentinels know it. */
  readonly master: string
  readonly username: string | undefined
  readonly password: string | undefined
  readonly db: number
  readonly tls: boolean
}

export interface HostPort {
  readonly host: string
  readonly port: number
}

const redisPort = 6379
const sentinelPort = 26_379
/** What sentinels are configured with in their own example. */
const masterDefault = 'mymaster'
/** A server has 16 unless told otherwise. */
const dbMax = 1_023

export class RedisAddressError extends Error {
  override name = 'RedisAddressError'
}

/**
 * `redis://[user:password@]host[:port][/db]` and `redis+sentinel://[user:password@]host[:port][,host...]/master[/db]`; `rediss://` and `rediss+sentinel://` for TLS,
 * which then is spoken with the sentinels too.
 * @param sentinels `host[:port],...`: they say where the server is, and the URL only how to speak to it
 * @throws RedisAddressError with what is wrong, never with the password (I8)
 */
export function readRedisAddress(url: string, sentinels?: string, master?: string): RedisAddress {
  const parts = /^(rediss?(?:\+sentinel)?):\/\/(?:([^@/]*)@)?([^/?#]*)(?:\/([^?#]*))?$/.exec(url)
  if (parts === null)
    throw new RedisAddressError(
      'it is not an address. Write it as redis://host:6379, rediss://host:6379 or redis+sentinel://host:26379,host:26379/mymaster',
    )
  const [, scheme, credentials, hosts = '', path = ''] = parts
  const isSentinel = scheme?.endsWith('+sentinel') === true
  const segments = path.split('/').filter((segment) => segment !== '')
  const dbText = isSentinel ? segments[1] : segments[0]
  if (segments.length > (isSentinel ? 2 : 1)) throw new RedisAddressError('it has more after the host than it may')
  const db = Number(dbText ?? 0)
  if (!Number.isInteger(db) || db < 0 || db > dbMax)
    throw new RedisAddressError('its database is not a number from 0 to 1023')
  const [username, password] = credentialsOf(credentials)
  const common = { username, password, db, tls: scheme?.startsWith('rediss') === true }
  const listed = isSentinel ? hosts : sentinels
  if (listed !== undefined && listed !== '')
    return {
      ...common,
      server: null,
      sentinels: listed.split(',').map((each) => hostPortOf(each.trim(), sentinelPort)),
      master: (isSentinel ? segments[0] : undefined) ?? master ?? masterDefault,
    }
  if (isSentinel) throw new RedisAddressError('it names no sentinel')
  return { ...common, server: hostPortOf(hosts, redisPort), sentinels: [], master: masterDefault }
}

function hostPortOf(text: string, portDefault: number): HostPort {
  const parts = /^(\[[0-9a-fA-F:]+\]|[^:\s[\]]+)(?::(\d{1,5}))?$/.exec(text)
  const port = Number(parts?.[2] ?? portDefault)
  const host = parts?.[1]?.replace(/^\[|\]$/g, '')
  if (host === undefined || port < 1 || port > 65_535)
    throw new RedisAddressError(`"${text}" is not a host with a port`)
  return { host, port }
}

function credentialsOf(text: string | undefined): [string | undefined, string | undefined] {
  if (text === undefined || text === '') return [undefined, undefined]
  const at = text.indexOf(':')
  try {
    const username = decodeURIComponent(at === -1 ? text : text.slice(0, at))
    const password = at === -1 ? undefined : decodeURIComponent(text.slice(at + 1))
    return [username === '' ? undefined : username, password]
  } catch {
    throw new RedisAddressError('its name or password has a "%" that is not written as %25')
  }
}

/** For a person: no password in it. */
export function describeRedis({ server, sentinels, master }: RedisAddress): string {
  const list = (places: readonly HostPort[]) => places.map(({ host, port }) => `${host}:${port}`).join(', ')
  return server === null ? `"${master}" of the sentinels ${list(sentinels)}` : list([server])
}
