import type { Board, BoardAlarm, BoardTag, BoardVerdict, LineToCloud, TagValue } from '@jidoka/contract'
import type { Alarm, Quality, TagDefinition, Value } from '@jidoka/domain'
import type { Committed, JournalReader, LineFacts, StandingVerdict } from '../ports.ts'
import { Catalogue } from './catalogue.ts'
import { RecentValues } from './recent-values.ts'
import { boardAlarm, boardVerdict, instant } from './views.ts'

export interface BoardIdentity {
  readonly edgeId: string | null
  readonly name: string
  readonly tenantId: string
  readonly version: string
}

export interface BoardOptions {
  readonly site: string
  readonly timeZone: string
  readonly identity: () => BoardIdentity
  readonly lineToCloud: () => LineToCloud
  readonly nowMs: () => number
}

interface LiveValue {
  readonly value: Value
  readonly timeMs: number
  readonly quality: Quality
}

type BoardSource = Pick<
  JournalReader,
  'desired' | 'adoptedTags' | 'tags' | 'lastValues' | 'standingVerdicts' | 'openAlarms' | 'facts'
>

/**
 * What stands at the plant now, in the main thread: seeded from the journal, then fed by each commit. A snapshot never
 * waits for a commit and never reads the disk.
 */
export class LiveBoard {
  readonly #reader: BoardSource
  readonly #options: BoardOptions
  #catalogue: Catalogue
  readonly #definitions = new Map<string, TagDefinition>()
  readonly #values = new Map<string, LiveValue>()
  readonly #recent = new Map<string, RecentValues>()
  readonly #verdicts = new Map<string, StandingVerdict>()
  readonly #alarms = new Map<string, Alarm>()
  readonly #facts = new Map<string, LineFacts>()

  constructor(reader: BoardSource, options: BoardOptions) {
    this.#reader = reader
    this.#options = options
    for (const tag of reader.tags()) this.#definitions.set(tag.key, tag)
    for (const { key, ...live } of reader.lastValues()) this.#setValue(key, live)
    for (const facts of reader.facts()) this.#facts.set(facts.line, facts)
    this.#catalogue = this.#readDesired()
  }

  /** Takes one commit in. Call it before anything that reads the board in answer to the same commit. */
  apply(committed: Committed): void {
    // A tag that is defined anew may have been adopted.
    const isRedefined = committed.newTags.some(({ key }) => this.#definitions.has(key))
    for (const tag of committed.newTags) this.#definitions.set(tag.key, tag)
    for (const { key, ...live } of committed.values) this.#setValue(key, live)
    for (const facts of committed.facts) this.#facts.set(facts.line, facts)
    for (const standing of committed.verdicts) this.#verdicts.set(subjectKey(standing.judgment), standing)
    for (const alarm of committed.alarms) this.#setAlarm(alarm)
    if (committed.reported.length > 0 || isRedefined) this.#catalogue = this.#readDesired()
  }

  get openAlarmsCount(): number {
    return this.#alarms.size
  }

  get site(): Board['site'] {
    return { ...this.#catalogue.site }
  }

  snapshot(): Board {
    const identity = this.#options.identity()
    return {
      now: instant(this.#options.nowMs()),
      edge: { id: identity.edgeId, name: identity.name, tenant_id: identity.tenantId, version: identity.version },
      site: this.site,
      lines: this.#lines(),
      tags: this.tags(),
      verdicts: [...this.#verdicts.values()].map((standing) => this.verdictView(standing)),
      alarms: this.alarms(),
      line_to_cloud: this.#options.lineToCloud(),
    }
  }

  tags(): BoardTag[] {
    const keys = new Set([...this.#catalogue.keys, ...this.#definitions.keys()])
    return [...keys].flatMap((key) => this.#tag(key) ?? [])
  }

  /** Each tag that has a number, with it, and whether it was adopted here. */
  numberedTags(): (Omit<BoardTag, 'recent'> & { tag_no: number; adopted_here: boolean })[] {
    return [...this.#definitions.values()].flatMap((definition) => {
      const tag = this.#tag(definition.key)
      if (tag === null) return []
      const { recent: _, ...rest } = tag
      const face = this.#catalogue.face(definition.key, definition)
      return { ...rest, tag_no: definition.tag_no, adopted_here: face?.adoptedHere === true }
    })
  }

  /** Unit of a tag, null for a tag that nobody knows. */
  unitOf(key: string): string | null {
    if (!this.#definitions.has(key)) return null
    return this.#catalogue.face(key, this.#definitions.get(key))?.unit ?? null
  }

  alarms(): BoardAlarm[] {
    return [...this.#alarms.values()].map((alarm) => this.alarmView(alarm))
  }

  verdictView(standing: StandingVerdict): BoardVerdict {
    return boardVerdict(standing, this.#catalogue.ruleName(standing.judgment.rule_id))
  }

  alarmView(alarm: Alarm): BoardAlarm {
    return boardAlarm(alarm, this.#catalogue.ruleName(alarm.rule_id))
  }

  #lines(): Board['lines'] {
    const places = [...this.#definitions.keys()].map((key) => key.slice(0, key.indexOf('/')))
    return this.#catalogue.lines([...places, ...this.#facts.keys()]).map((line) => {
      const facts = this.#facts.get(line.code)
      return {
        code: line.code,
        area: line.area,
        name: line.name,
        order: facts?.order ?? null,
        lot: facts?.lot ?? null,
        product: facts?.product ?? null,
        shift: facts?.shift ?? null,
        production_count: facts?.productionCount ?? null,
        defect_count: facts?.defectCount ?? null,
      }
    })
  }

  #tag(key: string): BoardTag | null {
    const face = this.#catalogue.face(key, this.#definitions.get(key))
    if (face === null) return null
    const { adoptedHere: _, ...shown } = face
    return { ...tagValue(key, this.#values.get(key)), ...shown, recent: this.#recent.get(key)?.toArray() ?? [] }
  }

  #setValue(key: string, live: LiveValue): void {
    this.#values.set(key, live)
    if (typeof live.value !== 'number') return
    let recent = this.#recent.get(key)
    if (!recent) this.#recent.set(key, (recent = new RecentValues()))
    recent.push(live.value)
  }

  #setAlarm(alarm: Alarm): void {
    if (alarm.state === 'cleared') this.#alarms.delete(alarm.id)
    else this.#alarms.set(alarm.id, alarm)
  }

  /** A rule that was taken back takes its verdicts along, so those are read anew together with the names. */
  #readDesired(): Catalogue {
    this.#verdicts.clear()
    for (const standing of this.#reader.standingVerdicts()) this.#verdicts.set(subjectKey(standing.judgment), standing)
    this.#alarms.clear()
    for (const alarm of this.#reader.openAlarms()) this.#setAlarm(alarm)
    const { site, timeZone } = this.#options
    return new Catalogue(this.#reader.desired(), this.#reader.adoptedTags(), { site, timeZone })
  }
}

const subjectKey = (judgment: { rule_id: string; subject: string }): string => `${judgment.rule_id} ${judgment.subject}`

function tagValue(key: string, live: LiveValue | undefined): TagValue {
  if (!live) return { key, value: null, quality: 'good', at: null }
  return { key, value: live.value, quality: live.quality, at: instant(live.timeMs) }
}

/** A committed value as it goes over the stream. */
export const streamValue = (changed: Committed['values'][number]): TagValue => tagValue(changed.key, changed)
