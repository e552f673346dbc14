import { eventLimits } from './limits.ts'

/** How long after the failure of its so-manieth attempt an event is tried again. */
export function retryPauseMs(attempts: number): number {
  return Math.min(eventLimits.retryMsMax, eventLimits.retryMsMin * 2 ** Math.min(attempts - 1, 20))
}
