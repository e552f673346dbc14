import * as fc from 'fast-check'

// Property tests of one commit draw the same examples everywhere, so that a red run repeats.
const seed = process.env['JIDOKA_TEST_SEED']
const isLong = process.env['JIDOKA_TEST_LONG'] === '1'
if (seed !== undefined && !/^\d{1,10}$/.test(seed))
  throw new RangeError(`JIDOKA_TEST_SEED must be a whole number, as printed by a run; it is "${seed}"`)
if (seed !== undefined) fc.configureGlobal({ seed: Number(seed) % 2 ** 31, ...(isLong ? { numRuns: 5_000 } : {}) })
