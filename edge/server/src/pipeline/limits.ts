/** Bounds of what comes in, each with the crash or the harm that it prevents. */
export const ingestLimits = {
  /** A reference reading is 120 bytes; a text value of 1,024 characters escaped in full is 6 KiB. Longer ones are documents, and parsing them would hold up the line. */
  payloadBytesMax: 8_192,
  /** Nothing that a plant measures is larger; beyond it sums and squares of windows lose their digits. */
  magnitudeMax: 1e15,
  /** 2000-01-01: older is a clock that was never set. */
  timeMsMin: Date.UTC(2000, 0, 1),
  /** A clock that is an hour off (a time zone, summer time) must lose nothing, so an hour and a little. A reading from further ahead would look fresh for ever. */
  futureMsMax: 65 * 60_000,
  /** A device that makes up topics would fill catalogue, memory and disk. 10,000 tags are a large plant. */
  tagsMax: 10_000,
  /** Kept for people to look at; the oldest go. */
  deadLettersMax: 1_000,
  /** The first characters of a bad payload: enough to recognise it. */
  sampleLengthMax: 200,
  /** Messages of one flight: about 2 ms of parsing, so that an operator's command waits no longer. Fits one segment. */
  flightMessagesMax: 8_192,
  /** Bytes of one flight; a buffer of this size is what the worker holds at most. */
  flightBytesMax: 4 * 1024 * 1024,
  /** Messages that wait while a commit runs. Publishers' windows bound it in practice (connections x inflight); beyond it a message is refused and not acknowledged. */
  waitingMessagesMax: 200_000,
  waitingBytesMax: 64 * 1024 * 1024,
  /** Topics that cross to the worker as numbers. Later ones cross as text: slower, never wrong. */
  topicNumbersMax: 20_000,
} as const
