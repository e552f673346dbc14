import type { Draws } from '../random.ts'
import { pause } from '../until.ts'
import type { Direction, Line } from './line.ts'
import type { World } from './world.ts'

interface Disturbance<Of> {
  readonly name: string
  readonly begin: (of: Of, draws: Draws) => Promise<void>
}

const either = (draws: Draws): Direction => draws.pick(['up', 'down'] as const)

/** What happens to the line. It lasts until the line is healed. */
export const lineDisturbances: readonly [Disturbance<Line>, ...Disturbance<Line>[]] = [
  { name: 'line cut', begin: (line) => line.cut() },
  {
    name: 'line slow',
    begin: async (line, draws) => {
      await line.add({ kind: 'slow', latencyMs: draws.between(20, 300), jitterMs: draws.between(0, 200) }, 'up')
      await line.add({ kind: 'slow', latencyMs: draws.between(20, 300), jitterMs: draws.between(0, 200) }, 'down')
    },
  },
  {
    name: 'line narrow',
    begin: (line, draws) => line.add({ kind: 'narrow', kbPerSecond: draws.between(2, 40) }, either(draws)),
  },
  // The batch arrives and its receipt does not, or the other way round.
  { name: 'line half-open', begin: (line, draws) => line.add({ kind: 'silent' }, either(draws)) },
  {
    name: 'connections reset',
    begin: (line, draws) => line.add({ kind: 'reset', afterMs: draws.between(0, 300) }, either(draws)),
  },
  {
    name: 'messages torn',
    begin: (line, draws) => line.add({ kind: 'torn', bytes: draws.whole(1, 6_000) }, either(draws)),
  },
  { name: 'line whole', begin: () => Promise.resolve() },
]

/** What happens to an end. It runs again afterwards. */
export const blows: readonly [Disturbance<World>, ...Disturbance<World>[]] = [
  {
    name: 'edge killed',
    begin: async (world) => {
      await world.killEdge()
      await world.startEdge()
    },
  },
  {
    name: 'cloud killed',
    begin: async (world, draws) => {
      await world.killCloud()
      await pause(draws.between(0, 700))
      await world.startCloud()
    },
  },
  {
    name: 'cloud killed',
    begin: async (world) => {
      await world.killCloud()
      await world.startCloud()
    },
  },
  {
    name: 'both killed',
    begin: async (world) => {
      await Promise.all([world.killEdge(), world.killCloud()])
      await Promise.all([world.startCloud(), world.startEdge()])
    },
  },
  {
    // While it stops it serves who keeps asking; the cut keeps that short.
    name: 'cloud stopped',
    begin: async (world, draws) => {
      await Promise.all([world.stopCloud(), pause(draws.between(0, 200)).then(() => world.line.cut())])
      await world.startCloud()
    },
  },
  {
    name: 'cloud set back',
    begin: async (world) => {
      await world.killCloud()
      if (world.store.hasCopy()) await world.store.setBack()
      await world.startCloud()
    },
  },
  { name: 'ends whole', begin: () => Promise.resolve() },
]
