/** What an appliance knows of two histories of a lane: it has reported them, and stands still; the last cursor told of them. */
export interface Knowledge {
  readonly hasReported: boolean
  readonly isTold: boolean
}
export const knowsNothing: Knowledge = { hasReported: false, isTold: false }
