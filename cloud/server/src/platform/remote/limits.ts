/** Bounds of what modules say to each other, each with what would happen without it. */
export const remoteLimits = {
  /** A question that takes longer holds a connection of a database that has none left; people have gone by then. */
  queryMsMax: 5_000,
  /** A deployment to 1,000 edges locks each of them. Less than a request of a person may take, so that it is this that is told. */
  commandMsMax: 25_000,
  /** A page of 200 judgments with all their inputs is half of that; another program at the address may send without an end. */
  answerBytesMax: 8 * 1024 * 1024,
  /** Seconds from its signature; a token that somebody overhears is of no use afterwards. Long enough for a body that arrives slowly. */
  tokenSecondsMax: 60,
  /** Clocks of two machines differ. */
  clockSkewSecondsMax: 10,
  /** How long an old key of a module is believed once the next one signs: tokens that are under way, and clocks. What is stolen with it is of no use afterwards. */
  keyOverlapMs: 600_000,
  /** The folder of public keys is read anew for a key that is not known, and not more often: anybody can name one. */
  keyLookMs: 1_000,
  /** REFERENCE: over 50 % failures in the last 10 calls opens the circuit, half-open after 30 s. */
  circuitCalls: 10,
  circuitFailuresMax: 5,
  circuitOpenMs: 30_000,
  /** A trial call that has not ended by then is left to itself and another one made: it may be one that waits for news. */
  circuitTrialMs: 5_000,
  /** REFERENCE: what Redis holds of an open circuit. */
  circuitKeptMs: 60_000,
  /** How often a circuit that is open looks whether somebody has reset it by hand. */
  circuitLookMs: 1_000,
} as const
