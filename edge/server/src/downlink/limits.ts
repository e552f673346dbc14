export const downlinkLimits = {
  /** 45 s for an answer: a live request waits up to 20 s at the cloud, and a proxy in between adds its own. */
  answerTimeoutMs: 45_000,
  /** 1 s doubling to 30 s between attempts while the cloud cannot be reached: after hours of outage the desired state is here within half a minute. */
  retryDelayMsMin: 1_000,
  retryDelayMsMax: 30_000,
  /** 5 min between attempts when the cloud refuses (revoked, unknown): a person must mend it first. */
  refusedDelayMs: 300_000,
  /** 20,000 changes gathered before an up-to-date: the catalogue, every rule and user of a site are below 12,000. More is not our cloud. */
  changesMax: 20_000,
} as const
