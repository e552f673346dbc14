import { Draws } from '../random.ts'
import { Tally } from '../report.ts'
import type { Outcome } from '../report.ts'
import { holdsWithin, pause } from '../until.ts'
import type { ModeOptions } from './mode.ts'
import { Stage } from './stage.ts'

const rateMax = 1_000

/** The journal tries a full disk again after 5 s at the latest; with a busy machine on top. */
const resumeMsMax = 20_000

/** How long a full disk is watched for acknowledgements that must not come. */
const watchedMs = 400

/**
 * The disk takes so much more and then nothing, or answers with errors for a while: nothing is acknowledged then, it goes
 * on by itself when it can, and nothing acknowledged is missing. Sometimes the appliance is killed while the disk is full.
 */
export async function diskFull(options: ModeOptions): Promise<Outcome> {
  const { runs, seed, say } = options
  const draws = new Draws(seed)
  const tally = new Tally()
  const stage = new Stage(options, 'disk-full', rateMax)
  let killedWhileFull = 0
  let ended = 0
  try {
    for (let run = 1; run <= runs && tally.failures.length === 0; run++) {
      const where = `seed ${seed}, run ${run}, folder ${stage.folder}`
      try {
        await stage.startedAgain()
        await pause(draws.between(50, 300))
        const endedByItself = draws.chance(0.35) ? await failing(stage, draws) : await full(stage, draws)
        if (endedByItself) ended++
        if (draws.chance(0.3)) {
          await stage.kill()
          killedWhileFull++
        }
        stage.control.free()
        stage.control.fail(0, 0)
        await stage.startedAgain()
        const before = stage.crowd.acknowledgedCount
        if (!(await holdsWithin(resumeMsMax, () => stage.crowd.acknowledgedCount > before + 50)))
          tally.fail(
            `${where}: it did not go on by itself within ${resumeMsMax / 1_000} s after the disk was right again`,
          )
        // Each time, since what is full drops what is oldest: what was stored is seen before it may go.
        tally.add(await stage.killAndLook(), where)
      } catch (error) {
        tally.fail(`${where}: ${error instanceof Error ? error.message : String(error)}`)
      }
      if (run % 5 === 0) say(`${run} runs, ${stage.crowd.acknowledgedCount} acknowledged`)
    }
    const { full: refusedFull, failing: refusedFailing } = stage.control.refused
    if (tally.failures.length === 0) tally.add(await stage.finish(), `seed ${seed}, folder ${stage.folder}`)
    return tally.outcome({
      name: 'disk-full',
      runs,
      blows: runs,
      seed,
      note: `${refusedFull} calls were answered "no space", ${refusedFailing} "input/output error"; ${killedWhileFull} kills while it was full, ${ended} ends by itself`,
    })
  } finally {
    await stage.kill()
    stage.close()
  }
}

/** True when the appliance ended by itself meanwhile. @throws when something was acknowledged that could not be stored */
async function full(stage: Stage, draws: Draws): Promise<boolean> {
  const { control, crowd, appliance } = stage
  if (appliance === null) return false
  const saidBefore = appliance.problems.length
  control.fill(draws.whole(0, 300_000))
  const isFull = () => appliance.problems.length > saidBefore && typeof appliance.problems.at(-1) === 'string'
  if (!(await holdsWithin(resumeMsMax, () => isFull() || appliance.hasEnded)))
    throw new Error('the disk was full and the appliance did not say so')
  // What left before the word of it is on its way.
  await pause(50)
  const said = appliance.problems.length
  const before = crowd.acknowledgedCount
  await pause(watchedMs)
  // It may have made room by itself meanwhile.
  if (!appliance.hasEnded && appliance.problems.length === said && crowd.acknowledgedCount > before)
    throw new Error(`${crowd.acknowledgedCount - before} messages were acknowledged while the disk was full`)
  return appliance.hasEnded
}

/** The same with a disk that fails: EIO of so many syncs and writes. */
async function failing(stage: Stage, draws: Draws): Promise<boolean> {
  const { control, appliance } = stage
  const before = control.refused.failing
  control.fail(draws.whole(0, 4), draws.whole(1, 12))
  await holdsWithin(2_000, () => control.refused.failing > before)
  await pause(draws.between(20, 400))
  return appliance?.hasEnded ?? false
}
