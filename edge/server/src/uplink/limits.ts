export const cloudLineLimits = {
  /** 8 MiB: the largest answer is a snapshot of the desired state. A server that is not ours must not fill the memory. */
  answerBytesMax: 8 * 1024 * 1024,
  /** Readings wait up to 1 s for company: a request a second instead of one a commit, and the cloud still shows what is now. */
  gatherReadingsMs: 1_000,
  /** Records are urgent: 100 ms gathers what one change of the plant brings and nobody notices. */
  gatherRecordsMs: 100,
  /**
   * Readings of a batch, whatever few bytes they take: counters pack into a bit each, and 456,000 of them kept the cloud's writer from an alarm for
   * three seconds. Less, and a drain is mostly requests.
   */
  batchReadingsMax: 131_072,
  /** 20 s for a report and a question beside the lanes: small bodies both ways. */
  reportTimeoutMs: 20_000,
  /** 5 s for where the cloud stands, while a person waits for a new epoch and the answer of this appliance may take 10. */
  pointsTimeoutMs: 5_000,
  /** Outages of the ledger that a start looks at for whether their rows have been receipted since. */
  undrainedMax: 100,
  /** 20 s for the enrolment: it makes rows in several tables of the cloud. */
  enrolmentTimeoutMs: 20_000,
  /** 1 s doubling to 60 s while the cloud cannot be reached for the enrolment. */
  enrolmentRetryMsMin: 1_000,
  enrolmentRetryMsMax: 60_000,
} as const
