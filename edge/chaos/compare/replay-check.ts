import { newRunner } from '../../server/src/pipeline/test-support.ts'
import { replay } from '../../server/src/replay/replay.ts'
import { pulse, tagKeyOf } from '../publisher/kinds.ts'
import { manyRuleId } from '../subject/desired.ts'
import { windowNeed, windowRuleId } from '../subject/rules.ts'
import type { StoreView } from './store-view.ts'

/** Sentences about replay that one look brings at most. */
const faultsMax = 10

/** Behind every clock that a mode sets. */
const everMs = 10 * 366 * 86_400_000

export interface Replayed {
  readonly faults: readonly string[]
  /** Judgments that came out of the journal again, with the same inputs; windows are inputs. */
  readonly same: number
}

/**
 * Judges anew what a look finds, from the readings alone (I3). The appliance fills its windows from the journal at each start
 * and this does it once, so that they agree only if what was filled behind each kill is what there was before it.
 */
export function judgedAnew(dataFolder: string, view: StoreView, numberTags: ReadonlySet<number>): Replayed {
  const dropped = view.reader.gapFrom('readings', 1) !== null
  const fromMs = dropped ? wholeFromMs(view, numberTags) : 0
  if (fromMs === null) return { faults: [], same: 0 }
  // What stood at a subject before the stretch is not known where its last record was dropped too; windows need readings only.
  const ruleIds = dropped ? rulesOfWindows(view) : [undefined]
  const faults: string[] = []
  let same = 0
  for (const ruleId of ruleIds) {
    const findings = replay({ dataFolder, fromMs, toMs: Date.now() + everMs, ruleId, newRunner })
    const { differences, differenceCount } = findings
    faults.push(...differences.slice(0, faultsMax).map((difference) => `replay: ${difference}`))
    if (differenceCount > faultsMax) faults.push(`replay: ${differenceCount} differences in all`)
    same += findings.judgmentsSame
  }
  return { faults, same }
}

/** That which is always there, and one of the many where there are pulses for it to judge. */
const rulesOfWindows = (view: StoreView): readonly string[] =>
  view.reader.tags().some(({ key }) => key === tagKeyOf(pulse)) ? [windowRuleId, manyRuleId(0)] : [windowRuleId]

/** From when on every window has all of its readings in what retention has left; null: not yet. */
function wholeFromMs(view: StoreView, numberTags: ReadonlySet<number>): number | null {
  const waiting = new Map([...numberTags].map((tagNo) => [tagNo, { count: 0, seconds: new Set<number>() }]))
  for (const each of view.readings()) {
    if ('gap' in each) continue
    const { segment } = each
    for (let index = 0; index < segment.count; index++) {
      const tagNo = segment.tagNo[index] as number
      const seen = waiting.get(tagNo)
      if (seen === undefined) continue
      seen.count++
      seen.seconds.add(Math.floor((segment.timeMs[index] as number) / 1_000))
      if (seen.count >= windowNeed.readings && seen.seconds.size >= windowNeed.seconds) waiting.delete(tagNo)
    }
    if (waiting.size === 0) return segment.receivedMs + 1
  }
  return null
}
