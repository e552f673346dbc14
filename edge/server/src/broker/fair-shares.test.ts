import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FairShares, Share } from './fair-shares.ts'
import { brokerLimits } from './limits.ts'

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))
const limits = {
  ...brokerLimits,
  unacknowledgedMax: 100,
  unacknowledgedOfAllMax: 400,
  unacknowledgedAlways: 5,
  turnWorkMax: 200,
  turnWorkOfAllMax: 100_000,
}

/** A connection that always has more to send. */
class Greedy {
  readonly share = new Share(() => this.send())
  readonly #shares: FairShares
  readonly #bytes: number

  constructor(shares: FairShares, bytes = 100) {
    this.#shares = shares
    this.#bytes = bytes
  }

  send(): void {
    while (this.#shares.mayGoOn(this.share)) this.#shares.begin(this.share, this.#bytes)
    this.#shares.wait(this.share)
  }

  commit(count = this.share.underWay): void {
    for (let index = 0; index < count; index++) this.#shares.end(this.share, this.#bytes, 1)
  }
}

test('I10: one that sends without end has no more under way than its limit', () => {
  const shares = new FairShares(limits)
  const greedy = new Greedy(shares)
  greedy.send()
  expect(greedy.share.underWay).toBe(100)
})

test('I10: many that send without end come to equal parts of what all may have, whoever was first', async () => {
  const shares = new FairShares(limits)
  const all = Array.from({ length: 20 }, () => new Greedy(shares))
  for (const each of all) each.send()
  for (let commits = 0; commits < 10; commits++) {
    for (const each of all) each.commit(Math.ceil(each.share.underWay / 2))
    await turn()
    await turn()
  }
  expect(all.map(({ share }) => share.underWay)).toEqual(Array.from({ length: 20 }, () => 20))
})

test('I10: who has little under way goes on at once, however much the others have', () => {
  const shares = new FairShares(limits)
  for (let index = 0; index < 50; index++) new Greedy(shares).send()
  expect(shares.underWay).toBeGreaterThanOrEqual(400)
  const good = new Share(() => {})
  for (let count = 0; count < 5; count++) {
    expect(shares.mayGoOn(good)).toBe(true)
    shares.begin(good, 100)
  }
})

test('I10: large packets count by their bytes, and beyond the bound of all nobody goes on until something is committed', async () => {
  const shares = new FairShares({ ...limits, unacknowledgedBytesOfAllMax: 500_000, unacknowledgedBytesMax: 1_000_000 })
  const all = Array.from({ length: 100 }, () => new Greedy(shares, 65_536))
  for (const each of all) each.send()
  expect(all.reduce((sum, { share }) => sum + share.underWayBytes, 0)).toBeLessThan(1_000_000 + 65_536)
  const last = all.at(-1) as Greedy
  expect(last.share.underWay).toBe(0)
  // Those who have nothing under way are served in the order in which they wait.
  for (let commits = 0; commits < 20; commits++) {
    for (const each of all) each.commit()
    await turn()
    await turn()
    if (last.share.underWay > 0) return
  }
  expect.unreachable('the last one never came to its turn')
})

test('I10: what a message causes counts: one with many readers leaves no room for a second', () => {
  const shares = new FairShares(limits)
  const share = new Share(() => {})
  shares.begin(share, 100)
  shares.weigh(share, 132)
  expect(shares.mayGoOn(share)).toBe(false)
  shares.end(share, 100, 133)
  expect(shares.mayGoOn(share)).toBe(true)
  expect(shares.underWay).toBe(0)
})

test('I10: a turn of the loop has a bound of work, and who waited goes on in the next', async () => {
  const shares = new FairShares(limits)
  let turns = 0
  let left = 1_000
  const share = new Share(() => send())
  const send = () => {
    turns++
    while (left > 0 && shares.mayGoOn(share)) {
      left--
      shares.work(share, 1)
    }
    if (left > 0) shares.wait(share)
  }
  send()
  expect(left).toBe(800)
  for (let count = 0; count < 10; count++) await turn()
  expect([left, turns]).toEqual([0, 5])
})

test('what was begun and ended leaves nothing behind, and nobody who waits is forgotten', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat({ max: 300 }), { minLength: 1, maxLength: 30 }), async (wants) => {
      const shares = new FairShares(limits)
      const left = [...wants]
      const sharers = wants.map((_, index) => {
        const share: Share = new Share(() => send())
        const send = () => {
          while ((left[index] as number) > 0 && shares.mayGoOn(share)) {
            left[index] = (left[index] as number) - 1
            shares.begin(share, 50)
          }
          if ((left[index] as number) > 0) shares.wait(share)
        }
        send()
        return share
      })
      for (let commits = 0; commits < 200 && shares.underWay > 0; commits++) {
        for (const share of sharers) for (let count = share.underWay; count > 0; count--) shares.end(share, 50, 1)
        await turn()
        await turn()
      }
      expect([left.every((each) => each === 0), shares.underWay, shares.waitingCount]).toEqual([true, 0, 0])
    }),
    { numRuns: 30 },
  )
})
