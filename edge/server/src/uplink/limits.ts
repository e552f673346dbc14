export const cloudLineLimits = {
  /** 8 MiB: the largest answer is a snapshot of the desired state. A server that is not ours must not fill the memory. */
  answerBytesMax: 8 * 1024 * 1024,
  /** Readings wait up to 1 s for company: a request a second instead of one a commit, and the cloud still shows what is now. */
  gatherReadingsMs: 1_000,
  /** Records are urgent: 100 ms gathers what one change of the plant brings and nobody notices. */
  gatherRecordsMs: 100,
  /** 20 s for the enrolment: it makes rows in several tables of the cloud. */
  enrolmentTimeoutMs: 20_000,
  /** 1 s doubling to 60 s while the cloud cannot be reached for the enrolment. */
  enrolmentRetryMsMin: 1_000,
  enrolmentRetryMsMax: 60_000,
} as const
