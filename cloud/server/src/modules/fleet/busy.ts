/** The least that who is sent away is asked to wait. */
export const busyRetryMs = 1_000
/** The same where the work in hand takes a second or more, as of a range of readings. */
export const busyRangesRetryMs = 2_000
