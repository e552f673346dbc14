/** What the appliance takes from HTTP clients at most, each with what it prevents. */
export const httpLimits = {
  /** 128 KiB: the largest body is a rule (16 KiB of script, 50 examples); more is not for us and only takes memory. */
  bodyBytesMax: 128 * 1024,
  /** 16 KiB of headers: a cookie and what browsers send; Node buffers them before anything of ours runs. */
  headersBytesMax: 16 * 1024,
  /** 10 s for headers and 20 s for a whole request: a client that drips bytes must not hold a socket for ever. */
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 20_000,
  /** 30 s between two requests on one connection: panels ask again within seconds, idle sockets are given back. */
  keepAliveTimeoutMs: 30_000,
  /** 10 s for an answer: a store that cannot write must not leave a person before a spinner. */
  answerTimeoutMs: 10_000,
  /** 1,000 sockets: far above every panel of a plant, far below the file descriptors of a process. */
  connectionsMax: 1_000,
  /** 600 requests in 10 s of one address: several panels behind one router stay below, a loop in a script does not starve them. */
  requestsPerWindowMax: 600,
  requestsWindowMs: 10_000,
  /** 10,000 addresses remembered, some 1 MB. */
  addressesMax: 10_000,
  /** 31 days of history in one question: what a month's chart needs; more is an export. */
  historySpanMsMax: 31 * 86_400_000,
  /** 500 rows of lists that are not paged (outages, dead letters): a screen shows fifty. */
  listRowsMax: 500,
} as const

export const streamLimits = {
  /** 64 boards at once: each costs a socket and up to `bufferBytesMax`. */
  clientsMax: 64,
  /** 1 MiB waiting for one client, some ten seconds of a busy plant: a sleeping tablet must not take the appliance's memory. */
  bufferBytesMax: 1024 * 1024,
  /**
   * 75 ms between two values of a tag. A reading that comes right behind another waits that long, and up to a grid step
   * more: above 75 the promise of 100 ms from reading to board (p99) breaks; below it a board of a thousand tags does
   * nothing but draw digits that nobody reads.
   */
  valueEveryMs: 75,
  /** Values that wait for their turn leave together on this grid, so that a thousand tags do not make a thousand timers. */
  flushGridMs: 10,
  /** One second between two `reset`s of one reason: sixty tags that appear one after the other are not sixty fetches of the board. */
  resetEveryMs: 1_000,
  /** 15 s: proxies close what is silent for 30 to 60. */
  heartbeatEveryMs: 15_000,
  /** Browsers wait this long before they come back. */
  reconnectMs: 2_000,
} as const
