/** Bounds of what comes in, each with the crash or the harm that it prevents. */
export const ingestLimits = {
  /** Of a payload with one sample. A reference reading is 120 bytes; a text value of 1,024 characters escaped in full is 6 KiB. Longer ones are documents. */
  onePayloadBytesMax: 8_192,
  /** Of any payload: some 500 reference samples. Parsing takes 0.3 ms, which others wait for; the broker's packets are no larger either. */
  payloadBytesMax: 65_536,
  /** Samples of one payload: a thousand a second is a fast machine tool. `[1,1,...]` would make 32,000 readings of one packet, and 250 million of what may wait. */
  samplesMax: 1_000,
  /** Nothing that a plant measures is larger; beyond it sums and squares of windows lose their digits. */
  magnitudeMax: 1e15,
  /** 2000-01-01: older is a clock that was never set. */
  timeMsMin: Date.UTC(2000, 0, 1),
  /** A clock that is an hour off (a time zone, summer time) must lose nothing, so an hour and a little. A reading from further ahead would look fresh for ever. */
  futureMsMax: 65 * 60_000,
  /**
   * Tags, up to which unnamed ones are let in: devices that make up topics would fill memory and disk. 10,000 are a large plant. What a
   * catalogue names is let in beyond it (10,000 entries are its own bound), so that nothing made up takes the room of a sensor that is known.
   */
  tagsMax: 10_000,
  /**
   * Tags of one line that wait for adoption. One device that makes up topics would take `tagsMax` from every other line. A line that is
   * wired up without a catalogue has some hundreds of sensors.
   */
  waitingTagsOfLineMax: 1_000,
  /** Kept for people to look at; the oldest go. */
  deadLettersMax: 1_000,
  /** The first characters of a bad payload: enough to recognise it. */
  sampleLengthMax: 200,
  /** Messages of one flight: about 5 ms of work, so that an operator's command waits no longer. */
  flightMessagesMax: 8_192,
  /** Bytes of one flight: 8,192 reference readings, or 25,000 samples in arrays of twenty. The shortest samples (`[1,1,...]`) are half a million readings, the longest that anybody waits for a commit: half a second. */
  flightBytesMax: 1024 * 1024,
  /** Messages that wait while a commit runs. The broker keeps below it (16,384, and 20 of each of 1,000 connections, and wills); beyond it a message is refused and not acknowledged. */
  waitingMessagesMax: 65_536,
  /** The same in bytes, samples of arrays being two bytes at least: with what names and heads take, and beside it the objects that wait for the answers. */
  waitingBytesMax: 64 * 1024 * 1024,
  /** Topics that cross to the worker as numbers. Later ones cross as text: slower, never wrong. */
  topicNumbersMax: 20_000,
} as const
