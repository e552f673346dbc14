import { ManualClock } from '@jidoka/base'
import { describe, expect, it } from 'vitest'
import type { Backend } from './backend.ts'
import { Inquiry } from './inquiry.ts'
import type { Place, Places } from './places.ts'

const backendOf = (name: string) => ({ name }) as unknown as Backend
const main: Place = { name: 'main', backend: backendOf('main') }
const second: Place = { name: 'second', backend: backendOf('second') }
const third: Place = { name: 'third', backend: backendOf('third') }

function newWorld() {
  const missed: string[] = []
  const places: Places = {
    all: [main, second, third],
    of: (tenantId) => ({ place: tenantId === 'here' ? main : second, version: 1 }),
    learn: () => false,
    missed: ({ name }) => void missed.push(name),
  }
  const clock = new ManualClock(0)
  const inquiry = new Inquiry(clock, main.backend as Backend)
  const asked: string[] = []
  const answers: Record<string, () => Promise<{ tenant_id: string }[]>> = {
    main: () => Promise.resolve([{ tenant_id: 'here' }]),
    second: () => Promise.resolve([{ tenant_id: 'there' }]),
    third: () => new Promise(() => undefined),
  }
  const ask = (rowsMax = Infinity) =>
    inquiry.ask(places, rowsMax, ({ name }) => {
      asked.push(name)
      return answers[name]?.() ?? Promise.resolve([])
    })
  return { clock, missed, asked, answers, ask }
}

describe('databases that are asked for what one of them has', () => {
  it('are not waited for once it is found, though one takes the question and never answers', async () => {
    const { ask, answers } = newWorld()
    answers.main = () => Promise.resolve([])
    expect((await ask(1)).rows).toEqual([{ tenant_id: 'there' }])
  })

  it('are left out after two seconds, named as unreached, and not asked again for a while', async () => {
    const { ask, asked, missed, clock } = newWorld()
    const answer = ask()
    clock.advance(2_000)
    expect(await answer).toMatchObject({ rows: [{ tenant_id: 'here' }, { tenant_id: 'there' }], unreached: ['third'] })
    asked.length = 0
    expect((await ask()).unreached).toEqual(['third'])
    expect([asked, missed]).toEqual([['main', 'second'], ['third']])
  })

  it('are asked again by one alone, and by all when that one was answered', async () => {
    const { ask, asked, answers, clock } = newWorld()
    const first = ask()
    clock.advance(2_000)
    await first
    clock.advance(5_000)
    asked.length = 0
    const [again, beside] = [ask(), ask()]
    expect((await beside).unreached).toEqual(['third'])
    clock.advance(2_000)
    expect((await again).unreached).toEqual(['third'])
    expect(asked.filter((name) => name === 'third')).toEqual(['third'])
    clock.advance(5_000)
    answers.third = () => Promise.resolve([])
    expect([(await ask()).unreached, (await ask()).unreached]).toEqual([[], []])
  })

  it('count for a tenant where it is: what it has left elsewhere is not found', async () => {
    const { ask, answers } = newWorld()
    answers.main = () => Promise.resolve([{ tenant_id: 'there' }])
    answers.third = () => Promise.resolve([])
    expect((await ask()).rows).toEqual([{ tenant_id: 'there' }])
  })
})
