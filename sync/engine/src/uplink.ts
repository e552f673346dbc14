import { lanes } from '@jidoka/sync-protocol'
import type { Lane, Trouble } from '@jidoka/sync-protocol'
import { drain, drainFrom, noteDrop } from './drain.ts'
import { doubtChanged } from './lane-doubt.ts'
import { laneStep, newLane } from './lane-machine.ts'
import type { LaneInput, LaneStart } from './lane-machine.ts'
import { uplinkLimits } from './limits.ts'
import { linkStep, newLink } from './link-machine.ts'
import type { LinkInput } from './link-machine.ts'
import { noteAnswer, noteSilence } from './outage.ts'
import { describeFailure, isOffline } from './uplink-types.ts'
import type {
  Draining,
  Failure,
  LaneState,
  LaneUplink,
  Link,
  Surroundings,
  UplinkEffect,
  UplinkInput,
  UplinkState,
} from './uplink-types.ts'

export interface UplinkStart {
  readonly lanes: Readonly<Record<Lane, LaneStart>>
  /** The outage that was open in the ledger when the program stopped. */
  readonly openOutage?: { readonly fromMs: number; readonly cause: string } | null
  /** Outages of the ledger that are over and were not told as drained, the oldest first. All that is stored now counts as what waited. */
  readonly undrained?: readonly Pick<Draining, 'fromMs' | 'toMs' | 'cause' | 'rowsWaiting'>[]
}

/** The state after a start. Give it the input `wake`: the first thing is to ask where the cloud stands. */
export function startUplink(start: UplinkStart): UplinkState {
  const { openOutage = null, undrained = [] } = start
  const lanesAtStart = { records: newLane(start.lanes.records), readings: newLane(start.lanes.readings) }
  return {
    lanes: lanesAtStart,
    link: newLink,
    outage: openOutage === null ? null : { ...openOutage, sinceMs: null, recorded: true },
    draining: undrained
      .map((outage) => drainFrom(outage, lanesAtStart, null))
      .slice(0, uplinkLimits.outagesDrainingMax),
    troubles: [],
    atMs: Number.NEGATIVE_INFINITY,
    wakeAtMs: null,
  }
}

export interface UplinkStep {
  readonly state: UplinkState
  readonly effects: readonly UplinkEffect[]
}

/**
 * The edge's side of the line: what happened goes in, the next state and what is to be done come out. Pure. At most one
 * batch of each lane is on the line; records come first wherever both could go.
 * @throws EngineInvariantError when the shell breaks its part (SPEC.md): the process must stop.
 */
export function uplinkStep(before: UplinkState, input: UplinkInput, at: Surroundings): UplinkStep {
  const step = new Step({ ...before, atMs: at.nowMs }, at)
  step.take(input)
  step.tellDrained()
  step.askWhereNeeded()
  step.noteDoubt(before)
  step.setWake()
  return { state: step.state, effects: step.effects }
}

const timedStates: ReadonlySet<LaneState> = new Set(['gathering', 'waiting', 'halted'])

/** Gathers what the machines of one step give. */
class Step {
  state: UplinkState
  readonly effects: UplinkEffect[] = []
  readonly #at: Surroundings

  constructor(state: UplinkState, at: Surroundings) {
    this.state = state
    this.#at = at
  }

  take(input: UplinkInput): void {
    switch (input.kind) {
      case 'wake':
        // The timer may have rung a little early: then the same time is asked for again.
        this.state = { ...this.state, wakeAtMs: null }
        for (const name of lanes) this.#lane(name, input)
        this.#link({ kind: 'wake', by: this.#inState('resuming', 'idle') })
        if (this.state.outage !== null) this.#silence(this.state.outage.cause)
        return
      case 'poke':
        if (this.#at.nowMs - this.state.link.askedAtMs < uplinkLimits.pokeEveryMs) return
        for (const name of lanes) this.#lane(name, input)
        this.#link({ kind: 'poke', by: this.#inState('resuming', 'idle') })
        return
      case 'exported': {
        const lane = this.state.lanes[input.lane]
        this.#setLane(input.lane, { ...lane, sentSeq: Math.max(lane.sentSeq, input.toSeq) })
        return
      }
      case 'report_failed':
        this.#setLane(input.lane, { ...this.state.lanes[input.lane], reported: null })
        return
      case 'cursor_known': {
        const { link } = this.state
        if (input.flight !== link.flight || link.state !== 'asking') return
        this.#noteTroubles(input.troubles)
        this.#link({ kind: 'known' })
        this.#answer()
        for (const { lane, flight } of link.askedFor) {
          if (this.state.lanes[lane].flight === flight) this.#lane(lane, { kind: 'cursor', news: input.lanes[lane] })
        }
        return
      }
      case 'cursor_failed':
        if (input.flight !== this.state.link.flight || this.state.link.state !== 'asking') return
        this.#link({ kind: 'failed', failure: input.failure })
        this.#noteFailure(input.failure)
        return
      case 'receipted':
      case 'send_failed': {
        const { state, flight } = this.state.lanes[input.lane]
        if (input.flight !== flight || state !== 'sending') return
        if (input.kind === 'receipted') this.#answer()
        else this.#noteFailure(input.failure)
        this.#lane(input.lane, input)
        return
      }
      case 'appended':
      case 'batch_read':
      case 'range_gone':
      case 'read_failed':
      case 'set_aside_done':
      case 'receipt_brought':
        this.#lane(input.lane, input)
    }
  }

  /** What takes the doubt away comes first: a crash between leaves the lane in doubt, which the next cursor ends. */
  noteDoubt({ lanes: before }: UplinkState): void {
    for (const name of lanes) this.effects.push(...doubtChanged(name, before[name], this.state.lanes[name]))
  }

  /** The third record of outages whose rows have all been receipted by now. */
  tellDrained(): void {
    const { draining, effects } = drain(this.state.draining, this.state.lanes, this.#at)
    if (effects.length === 0) return
    this.state = { ...this.state, draining }
    this.effects.push(...effects)
  }

  askWhereNeeded(): void {
    const by = this.#inState('resuming')
    if (by.length > 0) this.#link({ kind: 'needed', by })
  }

  /** Asks for the nearest of all times that something waits for, when it is not the one asked for already. */
  setWake(): void {
    const { link, wakeAtMs } = this.state
    const timed = lanes.map((name) => this.state.lanes[name]).filter(({ state }) => timedStates.has(state))
    const beats = link.state === 'waiting' || (link.state === 'settled' && this.#inState('idle').length > 0)
    const dueMs = Math.min(
      ...timed.map(({ waitUntilMs }) => waitUntilMs),
      beats ? link.waitUntilMs : Number.POSITIVE_INFINITY,
    )
    if (dueMs === wakeAtMs || dueMs === Number.POSITIVE_INFINITY) return
    this.state = { ...this.state, wakeAtMs: dueMs }
    this.effects.push({ kind: 'wake', afterMs: Math.max(0, dueMs - this.#at.nowMs) })
  }

  #inState(...states: readonly LaneState[]): Link['askedFor'] {
    return lanes
      .filter((lane) => states.includes(this.state.lanes[lane].state))
      .map((lane) => ({ lane, flight: this.state.lanes[lane].flight }))
  }

  #lane(name: Lane, input: LaneInput): void {
    const { lane, effects } = laneStep(this.state.lanes[name], input, this.#at, name)
    this.#setLane(name, lane)
    for (const effect of effects) {
      this.effects.push(effect)
      if (effect.kind === 'send' && effect.drop !== null)
        this.state = { ...this.state, draining: noteDrop(this.state.draining, effect, effect.drop) }
    }
  }

  #setLane(name: Lane, lane: LaneUplink): void {
    if (lane !== this.state.lanes[name]) this.state = { ...this.state, lanes: { ...this.state.lanes, [name]: lane } }
  }

  #link(input: LinkInput): void {
    const { link, effects } = linkStep(this.state.link, input, this.#at)
    this.state = { ...this.state, link }
    this.effects.push(...effects)
  }

  /** A cloud that was set back, or settled while a lane still stands, does not know what it was told: it is told again. */
  #noteTroubles(troubles: readonly Trouble[]): void {
    this.state = { ...this.state, troubles }
    for (const name of lanes) {
      const lane = this.state.lanes[name]
      const told = troubles.filter((trouble) => trouble.lane === name)
      const reported = told.some(({ kind }) => kind === lane.reported) ? lane.reported : null
      this.#setLane(name, { ...lane, isToldOfTwo: told.length > 0, reported })
    }
  }

  #noteFailure(failure: Failure): void {
    if (isOffline(failure)) this.#silence(describeFailure(failure))
    else this.#answer()
  }

  #silence(cause: string): void {
    const { outage, effects } = noteSilence(this.state.outage, cause, this.#rowsWaiting(), this.#at)
    this.state = { ...this.state, outage }
    this.effects.push(...effects)
  }

  #answer(): void {
    if (this.state.outage === null) return
    const { ended, effects } = noteAnswer(this.state.outage, this.#rowsWaiting(), this.#at)
    const { draining, lanes: atItsEnd } = this.state
    this.state = { ...this.state, outage: null }
    if (ended !== null && draining.length < uplinkLimits.outagesDrainingMax)
      this.state = { ...this.state, draining: [...draining, drainFrom(ended, atItsEnd, this.#at.nowMs)] }
    this.effects.push(...effects)
  }

  #rowsWaiting(): number {
    return lanes.reduce((sum, name) => sum + this.state.lanes[name].lastSeq - this.state.lanes[name].confirmed.seq, 0)
  }
}
