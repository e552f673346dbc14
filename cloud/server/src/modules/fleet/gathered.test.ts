import { describe, expect, it } from 'vitest'
import { Gathered } from './gathered.ts'

/** Looks that are answered when they are told to. */
function desk() {
  const looks: { group: string; questions: readonly number[]; end: (error?: Error) => void }[] = []
  const gathered = new Gathered<number, string>((group, questions) => {
    const { promise, resolve, reject } = Promise.withResolvers<string[]>()
    const end = (error?: Error) =>
      error === undefined ? resolve(questions.map((no) => `${group}${no}`)) : reject(error)
    looks.push({ group, questions, end })
    return promise
  })
  return { gathered, looks, turn: () => new Promise((resolve) => setImmediate(resolve)) }
}

describe('questions that come at once', () => {
  it('are looked for at once where they come alone', () => {
    const { gathered, looks } = desk()
    void gathered.ask('a', 1)
    expect(looks.map(({ questions }) => questions)).toEqual([[1]])
  })

  it('are answered together, each with its own answer, by looks that began after them', async () => {
    const { gathered, looks, turn } = desk()
    const answers = [1, 2, 3, 4, 5].map((no) => gathered.ask('a', no))
    expect(looks.map(({ questions }) => questions)).toEqual([[1], [2]])
    looks[0]?.end()
    await turn()
    expect(looks.map(({ questions }) => questions)).toEqual([[1], [2], [3, 4, 5]])
    for (const { end } of looks) end()
    expect(await Promise.all(answers)).toEqual(['a1', 'a2', 'a3', 'a4', 'a5'])
  })

  it('are never mixed over groups, whose turns go round', async () => {
    const { gathered, looks, turn } = desk()
    for (let no = 0; no < 200; no++) void gathered.ask('many', no)
    void gathered.ask('one', 7)
    looks[0]?.end()
    await turn()
    looks[1]?.end()
    await turn()
    expect(looks.slice(2).map(({ group, questions }) => [group, questions.length])).toEqual([
      ['many', 64],
      ['one', 1],
    ])
  })

  it('fail together, and the next ones do not', async () => {
    const { gathered, looks, turn } = desk()
    const [alone, first, second] = [1, 2, 3].map((no) => gathered.ask('a', no))
    looks[0]?.end(new Error('no'))
    await expect(alone).rejects.toThrow('no')
    await turn()
    looks[1]?.end()
    looks[2]?.end()
    expect(await Promise.all([first, second])).toEqual(['a2', 'a3'])
  })
})
