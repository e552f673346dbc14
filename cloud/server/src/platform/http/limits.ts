/** Bounds of everything that HTTP lets in (I10), each with what would happen without it. */
export const httpLimits = {
  /** A rule with script and examples is about 100 KB; JSON is parsed on the thread that serves everybody. */
  bodyBytesMax: 1024 * 1024,
  /** A catalogue of 10,000 tags is about 4 MB; only signed-in administrators send one. */
  desiredBodyBytesMax: 8 * 1024 * 1024,
  /** A body that arrives slower than this holds a connection and its memory for ever. As long as the longest of `timeLimits`, which end most requests sooner. */
  requestMsMax: 900_000,
  /** A head that arrives slower is a slowloris. */
  headersMsMax: 10_000,
  /** How often connections are looked at for that: Node's 30 s would give a slow head up to four times as long as it may take. */
  headersLookMs: 2_000,
  /** Bodies of batches in memory at once, by what they say of their length: this program holds no more of them. 500 edges with a few kilobytes each fit. */
  batchBodyBytesMax: 512 * 1024 * 1024,
  /** Longer than the 60 s of usual proxies, so that they close first and never send into a closed connection. */
  keepAliveMs: 65_000,
  /** Sockets; beyond it the kernel's queue holds the rest rather than this process's memory. */
  connectionsMax: 10_000,
  /** Streams to consoles; each may hold `streamEventsMax` events of about 2 KB. */
  streamClientsMax: 500,
  /** The screens of a large plant, with as many again for two others. */
  streamClientsOfTenantMax: 200,
  /** The boards of a plant that are signed in with one name, and no endless loop of one page. */
  streamClientsOfLoginMax: 100,
  /** Events that wait for one slow console before it is told to fetch everything again. */
  streamEventsMax: 256,
  /** Silence after which a comment is sent, so that proxies do not close the stream. */
  streamHeartbeatMs: 15_000,
  /** An edge waits this long for a change before it asks again; the client gives up after 45 s. */
  shapeWaitMs: 20_000,
  /** Connections that still come when the program stops would keep its door open for ever. */
  doorMsMax: 5_000,
  /** Time for requests under way when the program stops. */
  drainMsMax: 10_000,
  /** How often connections are looked at whose last request has ended meanwhile: stopping takes this much longer at most. */
  drainLookMs: 50,
} as const
