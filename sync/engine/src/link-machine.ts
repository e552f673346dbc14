import type { RefusalKind } from '@jidoka/sync-protocol'
import { retryAfterMs } from './back-off.ts'
import { uplinkLimits } from './limits.ts'
import type { Failure, Link, LinkState, Surroundings, UplinkEffect } from './uplink-types.ts'

type Asked = Link['askedFor']

/** `needed`: a lane waits for the cursor. `known`, `failed`: the question was answered, or not. `by`: lanes that the answer is for. */
export type LinkInput =
  | { readonly kind: 'needed'; readonly by: Asked }
  | { readonly kind: 'wake'; readonly by: Asked }
  | { readonly kind: 'poke'; readonly by: Asked }
  | { readonly kind: 'known' }
  | { readonly kind: 'failed'; readonly failure: Failure }
export type LinkInputKind = LinkInput['kind']
type InputOf<Kind extends LinkInputKind> = Extract<LinkInput, { kind: Kind }>

export interface LinkStep {
  readonly link: Link
  readonly effects: readonly UplinkEffect[]
}

type Handler<Kind extends LinkInputKind> = (link: Link, input: InputOf<Kind>, at: Surroundings) => LinkStep

const pass = (link: Link): LinkStep => ({ link, effects: [] })

/** How the cursor is asked for. A missing cell does not compile. */
export const linkTable: { readonly [State in LinkState]: { readonly [Kind in LinkInputKind]: Handler<Kind> } } = {
  settled: { needed: ask, wake: askWhenDue, poke: askNow, known: pass, failed: pass },
  asking: { needed: pass, wake: pass, poke: pass, known: (link, _input, at) => settle(link, at), failed: backOff },
  waiting: { needed: pass, wake: askWhenDue, poke: askNow, known: pass, failed: pass },
}

export function linkStep(link: Link, input: LinkInput, at: Surroundings): LinkStep {
  const handler = linkTable[link.state][input.kind] as Handler<LinkInputKind>
  return handler(link, input, at)
}

export const newLink: Link = {
  state: 'settled',
  flight: 0,
  askedFor: [],
  askedAtMs: Number.NEGATIVE_INFINITY,
  tries: 0,
  waitUntilMs: 0,
  problem: null,
}

/** Refusals of the cursor that only a person can mend; every other is worth a repeat. */
const needsPerson: ReadonlySet<RefusalKind> = new Set([
  'wrong_epoch',
  'unknown_edge',
  'revoked',
  'protocol_version',
  'bad_signature',
  'malformed',
  'bad_token',
  'digest',
])

function ask(link: Link, { by }: { readonly by: Asked }, at: Surroundings): LinkStep {
  const flight = link.flight + 1
  return {
    link: { ...link, state: 'asking', flight, askedFor: by, askedAtMs: at.nowMs },
    effects: [{ kind: 'ask_cursor', flight, timeoutMs: uplinkLimits.requestTimeoutMs }],
  }
}

function askWhenDue(link: Link, input: InputOf<'wake'>, at: Surroundings): LinkStep {
  if (at.nowMs < link.waitUntilMs) return pass(link)
  // The lanes that waited have gone another way since; staying would wake the shell without end.
  return input.by.length > 0 ? ask(link, input, at) : settle(link, at)
}

function askNow(link: Link, input: InputOf<'poke'>, at: Surroundings): LinkStep {
  return input.by.length > 0 ? ask(link, input, at) : pass(link)
}

function settle(link: Link, at: Surroundings): LinkStep {
  // Up to a quarter early, so that edges which started together do not beat together.
  const waitUntilMs = at.nowMs + Math.round(uplinkLimits.heartbeatMs * (1 - at.random / 4))
  return { link: { ...link, state: 'settled', askedFor: [], tries: 0, waitUntilMs, problem: null }, effects: [] }
}

function backOff(link: Link, { failure }: InputOf<'failed'>, at: Surroundings): LinkStep {
  const tries = link.tries + 1
  const waitFor = (delayMs: number): LinkStep => ({
    link: {
      ...link,
      state: 'waiting',
      askedFor: [],
      tries,
      waitUntilMs: at.nowMs + delayMs,
      problem: failure.kind === 'refused' ? { kind: 'refused', refusal: failure.refusal } : null,
    },
    effects: [],
  })
  if (failure.kind === 'strange_answer') return waitFor(retryAfterMs(failure.retryAfterMs ?? 0, link.tries, at.random))
  if (failure.kind !== 'refused') return waitFor(retryAfterMs(0, link.tries, at.random))
  const { refusal } = failure
  if (needsPerson.has(refusal.kind)) return waitFor(retryAfterMs(uplinkLimits.haltedRetryMs, 0, at.random))
  // With the time of the answer taken over, the same question gets through at once.
  if (refusal.kind === 'stale' && link.tries === 0) return waitFor(0)
  return waitFor(retryAfterMs(refusal.kind === 'busy' ? refusal.retry_after_ms : 0, link.tries, at.random))
}
