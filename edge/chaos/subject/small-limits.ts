import { keepingLimits } from '../../server/src/keeping/policy.ts'
import { mergeRules, mergingLimits } from '../../server/src/merging/limits.ts'

/*
 * Imported first by each thread of the appliance under test: what happens every few minutes or hours in a plant happens
 * all the time here, so that a kill or a cut falls into the middle of it. Everything else is the appliance as it is.
 */

/** Merging is done with so much less: a file every few commits instead of every few minutes. */
const smaller = 64

for (const rule of mergeRules)
  Object.assign(rule, {
    partReadingsMax: Math.ceil(rule.partReadingsMax / smaller),
    readingsFull: rule.readingsFull / smaller,
    readingsMax: rule.readingsMax / smaller,
    partsMax: Math.max(4, rule.partsMax / smaller),
    ageMs: 1_000 * rule.level,
  })
Object.assign(mergingLimits, {
  aloneReadingsMin: Math.ceil(mergingLimits.aloneReadingsMin / smaller),
  busyCommitsPerSecond: Infinity,
  busyReadingsPerSecond: Infinity,
  lookEveryMs: 20,
  restFactor: 0,
  retryMs: 200,
})
Object.assign(keepingLimits, {
  lookEveryMs: 200,
  ageStepMs: 1_000,
  youngMs: 0,
  clockSteadyMs: 100,
  headroomBytes: 64 * 1024,
})
