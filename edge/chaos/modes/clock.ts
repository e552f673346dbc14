import { StoreView } from '../compare/store-view.ts'
import { tagKeyOf } from '../publisher/kinds.ts'
import { Draws } from '../random.ts'
import { Tally } from '../report.ts'
import type { Outcome } from '../report.ts'
import { rules, step } from '../subject/rules.ts'
import { holdsWithin, pause } from '../until.ts'
import type { ModeOptions } from './mode.ts'
import { Stage } from './stage.ts'

const rateMax = 1_000
const hourMs = 3_600_000

/** Every so many readings a verdict has a record of its own: each publisher sends them within a second of an idle machine. */
const judgedMsMax = 30_000

/** How far off the clock is set: a time zone, summer time, a battery that is empty, a server of time that is wrong. */
const offsets = [hourMs, -hourMs, 365 * 24 * hourMs, 1_000, -1_000, 0] as const

/**
 * The wall clock jumps while the appliance runs and across its restarts. Sequences stay whole, nothing is lost, and once
 * the clock is right again the verdicts that stand follow the readings that come.
 */
export async function clock(options: ModeOptions): Promise<Outcome> {
  const { runs, seed, say } = options
  const draws = new Draws(seed)
  const tally = new Tally()
  const stage = new Stage(options, 'clock', rateMax)
  let jumps = 0
  try {
    for (let run = 1; run <= runs && tally.failures.length === 0; run++) {
      const where = `seed ${seed}, run ${run}, folder ${stage.folder}`
      try {
        await stage.startedAgain()
        for (let jump = 0; jump < 3; jump++, jumps++) {
          stage.control.setClock(draws.pick(offsets))
          const restart = draws.chance(0.3)
          if (restart) await stage.kill()
          await stage.startedAgain()
          await pause(draws.between(100, 400))
        }
        stage.control.setClock(0)
        if (draws.chance(0.3)) await stage.kill()
        await stage.startedAgain()
        // Past the instant in which the clock was set: what is judged from here on must show.
        await pause(50)
        const rightSinceMs = Date.now()
        const sent = stage.crowd.ledgers.map(({ sentCount }) => sentCount)
        const isJudged = () =>
          stage.crowd.ledgers.every(({ sentCount }, index) => sentCount > (sent[index] ?? 0) + step)
        if (!(await holdsWithin(judgedMsMax, isJudged)))
          tally.fail(`${where}: no ${step} readings of each publisher came within ${judgedMsMax / 1_000} s`)
        tally.add(await stage.finish(), where)
        for (const fault of standingFaults(stage, rightSinceMs)) tally.fail(`${where}: ${fault}`)
      } catch (error) {
        tally.fail(`${where}: ${error instanceof Error ? error.message : String(error)}`)
      }
      say(`${run} runs, ${jumps} jumps, ${stage.crowd.acknowledgedCount} acknowledged`)
    }
    return tally.outcome({ name: 'clock', runs, blows: jumps, seed, note: 'blows are jumps of the clock' })
  } finally {
    await stage.kill()
    stage.close()
  }
}

/** What stands that does not follow from the last reading of each tag. */
function standingFaults({ folder, crowd }: Stage, rightSinceMs: number): string[] {
  const faults: string[] = []
  const rule = rules[0]
  const view = new StoreView(folder)
  try {
    const letters = view.reader.deadLetters(1)
    if (letters[0] !== undefined)
      faults.push(`a message became a dead letter: ${letters[0].reason}, ${letters[0].detail}`)
    const keys = new Map(view.reader.tags().map(({ tag_no, key }) => [tag_no, key]))
    const last = new Map<string, unknown>()
    for (const each of view.readings()) {
      if ('gap' in each) continue
      for (let index = 0; index < each.segment.count; index++)
        last.set(keys.get(each.segment.tagNo[index] as number) ?? '', each.segment.value(index))
    }
    const standing = view.reader.standingVerdicts()
    const alarms = view.reader.openAlarms()
    for (const { kind } of crowd.ledgers) {
      const value = last.get(tagKeyOf(kind))
      if (kind.value !== 'number' || typeof value !== 'number' || rule === undefined) continue
      const subject = tagKeyOf(kind)
      const isHigh = value % step === 0
      const verdict = standing.find(({ judgment }) => judgment.rule_id === rule.id && judgment.subject === subject)
      if (verdict?.judgment.status !== (isHigh ? 'HIGH' : 'NORMAL'))
        faults.push(`at ${subject} stands ${verdict?.judgment.status ?? 'nothing'}, and its last reading is ${value}`)
      if (isHigh && !alarms.some((alarm) => alarm.rule_id === rule.id && alarm.subject === subject))
        faults.push(`at ${subject} stands HIGH and no alarm is open`)
      const recent = view.reader.judgments({ ruleId: rule.id, fromMs: rightSinceMs, limit: 1_000 })
      if (!recent.some(({ judgment }) => judgment.subject === subject))
        faults.push(`nothing was judged at ${subject} since the clock is right again`)
    }
  } finally {
    view.close()
  }
  return faults
}
