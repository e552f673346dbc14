/** What bounds jobs, each with what goes wrong without it. */
export const jobLimits = {
  /** Below, an idle cloud asks its database for nothing all the time; above, a job that another process started is waited for. */
  turnMs: 2_000,
  /** Tickets that are handed on in one turn: more, and a turn holds the connection of PGlite for long. */
  handOnMax: 100,
  /** How long a process may be silent before its work is given to another; pg-boss takes no less than 10. */
  heartbeatSeconds: 30,
  /** Three times within that: one that is late does not lose the work. */
  beatMs: 10_000,
  /** How often the work of silent processes is looked for. */
  superviseMs: 15_000,
  /** Schedules have minutes. */
  scheduleMs: 30_000,
  /** Due schedules of one look; those left over come in the next. */
  schedulesMax: 1_000,
  /** What a job is given to end by itself once it is cancelled, out of time, or its process stops. Half of what Kubernetes waits before it kills. */
  graceMs: 15_000,
  /** Of one kind and tenant that people let wait: more is a key that is held down. */
  waitingMax: 1_000,
  /** A ticket that is nowhere to be seen for this long was lost with the carrier's tables, and is handed on anew. */
  staleMs: 3_600_000,
  /** An hour: somebody who wants it sooner requeues it. */
  retryDelaySecondsMax: 3_600,
  /** More is data, and belongs into objects. */
  inputBytesMax: 16_384,
  resultBytesMax: 2_048,
  errorLettersMax: 2_000,
  noteLettersMax: 80,
  /** How often progress is written down: each is a transaction. */
  progressMs: 1_000,
  /** Of the history of one job that is shown. */
  attemptsShownMax: 50,
  /** What has ended well says little after a month. */
  keptEndedDays: 30,
  /** What is dead waits for a person on leave. */
  keptDeadDays: 180,
  /** Rows that go in one statement. */
  tidyRowsMax: 1_000,
} as const
