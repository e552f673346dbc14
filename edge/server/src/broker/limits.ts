/** Limits of the broker, each with the crash or the harm that it prevents. A client that passes one is disconnected unless said otherwise. */
export interface BrokerLimits {
  readonly connectionsMax: number
  readonly connectTimeoutMs: number
  readonly connectPacketBytesMax: number
  readonly packetBytesMax: number
  readonly clientIdLengthMax: number
  readonly topicBytesMax: number
  readonly topicLevelsMax: number
  readonly subscriptionsMax: number
  readonly packetsBeforeConnackMax: number
  readonly unacknowledgedMax: number
  readonly inboundQos2Max: number
  readonly drainTimeoutMs: number
  readonly silenceMs: number
  readonly sessionsMax: number
  readonly sessionMessagesMax: number
  readonly retainedMax: number
}

export const brokerLimits: BrokerLimits = {
  /** Each connection costs some 30 KB; more are not taken. 1,000 are a large plant, and half the files that a process may open by default. */
  connectionsMax: 1_000,
  /** A socket that says nothing would hold its place for ever. */
  connectTimeoutMs: 10_000,
  /** Nobody has signed in yet: a stranger must not make us hold more than names, a secret and a small will. */
  connectPacketBytesMax: 8_192,
  /** mqtt-packet gathers up to 256 MB for one packet before anybody can look at it: four clients would end the process. */
  packetBytesMax: 65_536,
  /** Kept with the session and in logs. MQTT 3.1.1 asks for 23 at least. */
  clientIdLengthMax: 128,
  /** Topics are keys of maps. `sensor/` and three codes of 48 characters are 200 bytes in ASCII, 600 in Hangul. */
  topicBytesMax: 640,
  /** Matching cost grows with depth, and qlobber throws beyond 100. Ours have 4; integrators' own trees in an open broker have more. */
  topicLevelsMax: 16,
  /** Of one client. Every publish is matched against all of them. Further ones are answered 0x80. */
  subscriptionsMax: 100,
  /** A client may send on before CONNACK; its packets wait in memory. */
  packetsBeforeConnackMax: 64,
  /** QoS 0 and 1 messages of one client that wait for their commit. Beyond it the socket is not read, so that TCP slows the sender. Must be larger than usual windows (mosquitto 20, benchmarks 500). */
  unacknowledgedMax: 2_000,
  /** Half-open QoS 2 handshakes lie in memory until PUBREL. */
  inboundQos2Max: 200,
  /** A reader that takes nothing makes its messages pile up in memory; after this it goes. */
  drainTimeoutMs: 30_000,
  /** A peer that lost its power never says goodbye. MQTT's keep-alive may be 0, so TCP asks after this silence too. */
  silenceMs: 60_000,
  /** Sessions that outlive their connection. New ones beyond it are refused with "server unavailable". */
  sessionsMax: 1_000,
  /** Messages kept for a session that is away; later ones are not queued. Verdicts also stand in the retained messages. */
  sessionMessagesMax: 1_000,
  /** Retained topics; later ones are forwarded and not kept. Lines x rules in a devices broker. */
  retainedMax: 20_000,
}
