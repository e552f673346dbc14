/** Limits of the broker, each with the crash or the harm that it prevents. A client that passes one is disconnected unless said otherwise. */
export const brokerLimits = {
  /** Each connection costs some 30 KB; more are not taken. 1,000 are a large plant, and half the files that a process may open by default. Who comes when all are taken gets a place of the login (the open policy: the address) that has most of them, or none. */
  connectionsMax: 1_000,
  /** Of one login: a device has one or two, a dashboard a dozen. One login that leaked would push out those of others otherwise. The open policy has no logins, and bounds an address by what others ask for alone. */
  connectionsOfLoginMax: 200,
  /** Sockets beyond it that have not signed in yet: without them nobody could say, while all places are taken, that one is due to him. More than one address may have half open. */
  newcomersMax: 500,
  /** New connections a second from one address, in bursts of up to this many: a client that connects in a loop would keep the main thread at handshakes. 500 devices behind one gateway come back within seconds after a power cut. */
  connectionsPerSecondOfAddressMax: 100,
  connectionsBurstOfAddressMax: 500,
  /** The same over all addresses: what many do together must not take the readings' time either. */
  connectionsPerSecondMax: 500,
  connectionsBurstMax: 1_000,
  /** Connections of one address that have not signed in: one machine that only opens sockets would take all places for `connectTimeoutMs`. */
  halfOpenOfAddressMax: 250,
  /** Addresses whose rate is remembered: their table must not grow with whoever knocks. */
  addressesMax: 10_000,
  /** A socket that says nothing would hold its place for ever. */
  connectTimeoutMs: 10_000,
  /** The same before TLS is through. */
  handshakeTimeoutMs: 10_000,
  /** Nobody has signed in yet: a stranger must not make us hold more than names, a secret and a small will. */
  connectPacketBytesMax: 8_192,
  /** mqtt-packet gathers up to 256 MB for one packet before anybody can look at it: four clients would end the process. */
  packetBytesMax: 65_536,
  /** A WebSocket frame may hold several packets, and is gathered before we see it. */
  webSocketFrameBytesMax: 262_144,
  /** Kept with the session and in logs. MQTT 3.1.1 asks for 23 at least. */
  clientIdLengthMax: 128,
  /** Topics are keys of maps. `sensor/` and three codes of 48 characters are 200 bytes in ASCII, 600 in Hangul. */
  topicBytesMax: 640,
  /** Matching cost grows with depth. Ours have 4 levels; integrators' own trees in an open broker have more. */
  topicLevelsMax: 16,
  /** Of one client. Each is an entry of the tree and of the session's row. Further ones are answered 0x80. */
  subscriptionsMax: 100,
  /** A client may send on before CONNACK; what it sends waits in memory. */
  bytesBeforeConnackMax: 262_144,
  /** Messages of one client that wait for their commit. Beyond it its packets wait and the socket is not read, so that TCP slows the sender: what it has here stands before the messages of the others. Must be larger than usual windows (mosquitto 20, benchmarks 500). */
  unacknowledgedMax: 1_000,
  /** The same of all clients, changes of sessions that they cause included: two flights, one that commits and one that lies ready. Everybody with something under way may have the same part of it; more would only be a longer queue before the next message (200 clients of 1,000 each: seconds, and 300 MB). */
  unacknowledgedOfAllMax: 16_384,
  /** The same in bytes: four flights. 16,384 arrays of a thousand samples would be half a minute of work. */
  unacknowledgedBytesOfAllMax: 4_194_304,
  /** Who has less than this under way, and of this turn, goes on at once whatever the others do. A usual client's window; more would let 1,000 hostile clients have more than all may. */
  unacknowledgedAlways: 20,
  unacknowledgedAlwaysBytes: 8_192,
  /** Bytes under way beyond which even those wait: 1,000 clients with one packet of 64 KiB each would pass what the journal's queue can hold, and it would refuse everybody. Must be smaller than its `waitingBytesMax` by a packet. */
  unacknowledgedBytesMax: 33_554_432,
  /** Packets of one client in one turn of the loop, copies for readers included: a millisecond or two in which nobody else is read. One read of a socket brings 600 readings. */
  turnWorkMax: 1_024,
  /** The same of all clients together. */
  turnWorkOfAllMax: 4_096,
  /** Answers that a client has not read from its socket: it gets no more of them, and its packets wait. 4,096 PUBACKs. */
  unreadAnswersBytesMax: 16_384,
  /** Packet ids of QoS 2 publishes that were never released (PUBREL): 60 bytes each, and a row where the session is kept. */
  inboundQos2Max: 4_000,
  /** QoS 1 and 2 messages that a receiver has not acknowledged; the next ones wait. A small device's buffers are no larger; a larger window only moves what waits from our queue into TCP. */
  outgoingInflightMax: 100,
  /** Bytes that wait in one socket. Messages of QoS 0 beyond it are not sent and counted, others stay in the queue. 10,000 messages: a reader that stops for a moment loses nothing, one that has stopped holds little. */
  outgoingBytesMax: 1_048_576,
  /** The same while all sockets together hold half of what they may: the many that stopped must not take it from those that read. */
  outgoingBytesAlways: 65_536,
  /** A reader of every verdict gets them as they were made, so none can be left out: it is disconnected beyond this. Two seconds at 50,000 verdicts/s. */
  verdictBytesMax: 16_777_216,
  /** Of all sockets together; the fullest are closed beyond it: 1,000 readers that stopped reading would take 4 GB otherwise. */
  outgoingBytesOfAllMax: 67_108_864,
  /** A reader that takes nothing makes its messages pile up in memory; after this it goes. */
  drainTimeoutMs: 30_000,
  /** A peer that lost its power never says goodbye. MQTT's keep-alive may be 0, so TCP asks after this silence too. */
  silenceMs: 60_000,
  /** A longer keep-alive, or none, is taken as this: a connection that nobody uses would stay for ever. The client that keeps still for 1.5 x as long is disconnected; MQTT 3.1.1 lets a server do so (3.1.2.10). */
  keepAliveSecondsMax: 3_600,
  /** Sessions that outlive their connection. New ones beyond it get the place of the longest idle of whoever has most, or are refused with "server unavailable". */
  sessionsMax: 1_000,
  /** Of one login, whose longest idle ones make room: a device that makes up an id at each start would take all of them for `sessionIdleMsMax`, and nobody else could have one. */
  sessionsOfLoginMax: 200,
  /** A session whose client has not come back for so long is forgotten: ids that are made up at each start would fill the table. */
  sessionIdleMsMax: 14 * 86_400_000,
  /** Messages kept for a session; later ones are refused for it and counted. Must stay below the 65,535 ids that there are. */
  sessionMessagesMax: 10_000,
  /** Of all sessions together: each is a row to write, so that many readers that do not read would keep the journal from the readings (200 of them that may have 1,000 each: 1.5 s of nothing else). Beyond an equal part of it a session's next ones are refused, but each may have `sessionMessagesAlways`, alarms not counted: what its client may have under way anyway (`outgoingInflightMax`). Up to 20 sessions with a queue have 1,000 and more, as Mosquitto gives each. */
  sessionMessagesOfAllMax: 20_000,
  sessionMessagesAlways: 100,
  /** Alarms that a session may have whatever others have, and which take nothing from the hundred: a lamp that was away for an hour must not miss the alarm that came behind a hundred verdicts. A plant has some hundred a day. */
  sessionAlarmsAlways: 1_000,
  /** Bytes of one session's messages, and of all together, `sessionMessageBytes` a message for the objects around them: memory holds what the store holds. */
  sessionBytesMax: 8_388_608,
  sessionBytesOfAllMax: 67_108_864,
  sessionMessageBytes: 256,
  /** Changes of sessions that wait for the store, beyond which whoever would add to them by a CONNECT is to come later. All under way and all wills of 1,000 clients are less. */
  journalBytesMax: 33_554_432,
  /** A change of a session, as a part of what is under way: one row costs the journal as much as so many readings. */
  changeWeight: 4,
  /** Retained topics, and their bytes; later ones are forwarded and not kept. Lines x rules in a devices broker. */
  retainedMax: 20_000,
  retainedBytesMax: 33_554_432,
} as const

export type BrokerLimits = { readonly [Name in keyof typeof brokerLimits]: number }
