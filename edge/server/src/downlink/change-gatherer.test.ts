import { describe, expect, test } from 'vitest'
import { ChangeGatherer } from './change-gatherer.ts'

const edgeId = '0198f0d2-0000-7000-8000-00000000000e'
const position = { handle: 'shape-2', offset: '0_0' }
const upToDate = { headers: { control: 'up-to-date' } }
const mustRefetch = { headers: { control: 'must-refetch' } }
const insert = (body: unknown) => ({
  headers: { operation: 'insert' },
  value: { id: '0198f0d2-0000-7000-8000-000000000001', edge_id: edgeId, kind: 'user', key: 'kim', version: 1, body },
})
const kim = insert({ name: 'Kim', role: 'viewer', locale: 'ko', password_hash: 'x' })
const gatherer = (fromStart: boolean, refused: string[] = []) =>
  new ChangeGatherer({ edgeId, fromStart, isNew: fromStart, onRefused: (problem) => refused.push(problem) })

describe('an empty snapshot', () => {
  test('of a cloud that wanted something before takes everything away, once', () => {
    const changes = gatherer(false)
    expect(changes.take([mustRefetch, upToDate])).toBe(true)
    expect(changes.change(position)).toEqual({
      upserts: [],
      removals: [],
      unreadable: [],
      unnamedCount: 0,
      replaceAll: true,
      position,
    })
    changes.settle()
    changes.take([upToDate])
    expect(changes.change(position)).toBeNull()
    changes.take([kim, upToDate])
    expect(changes.change(position)).toMatchObject({ replaceAll: false, upserts: [{ key: 'kim' }] })
  })

  test('of a cloud that never wanted anything leaves the starter, also when its shape was made anew meanwhile', () => {
    const changes = gatherer(true)
    changes.take([upToDate])
    expect(changes.change(position)).toBeNull()
    changes.settle()
    changes.take([mustRefetch, upToDate])
    expect(changes.change(position)).toBeNull()
    changes.settle()
    changes.take([kim, upToDate])
    expect(changes.change(position)).toMatchObject({ replaceAll: true })
    changes.settle()
    changes.take([mustRefetch, upToDate])
    expect(changes.change(position)).toMatchObject({ replaceAll: true, upserts: [] })
  })
})

describe('a row that cannot be read', () => {
  test('is handed on by its name, so that what stands in its place stays while the rest of the snapshot counts', () => {
    const refused: string[] = []
    const changes = gatherer(false, refused)
    changes.take([mustRefetch, insert({ name: 'Kim' }), upToDate])
    expect(changes.change(position)).toMatchObject({
      replaceAll: true,
      upserts: [],
      unreadable: [{ kind: 'user', key: 'kim', version: 1, problem: expect.stringContaining('password_hash') }],
    })
    expect(refused).toEqual([])
  })

  test('may be of a kind that a newer cloud has', () => {
    const refused: string[] = []
    const changes = gatherer(false, refused)
    const recipe = { ...kim, value: { ...kim.value, kind: 'recipe', key: 'r1' } }
    changes.take([mustRefetch, kim, recipe, upToDate])
    expect(changes.change(position)).toMatchObject({
      replaceAll: true,
      upserts: [{ key: 'kim' }],
      unreadable: [{ kind: 'recipe', key: 'r1' }],
    })
    expect(refused).toEqual([expect.stringContaining('Upgrade the appliance')])
  })

  test('takes nothing away when not even its name can be read', () => {
    const refused: string[] = []
    const changes = gatherer(false, refused)
    changes.take([mustRefetch, kim, { ...kim, value: { kind: 7 } }, upToDate])
    expect(changes.change(position)).toMatchObject({ replaceAll: false, upserts: [{ key: 'kim' }], unnamedCount: 1 })
    changes.take([mustRefetch, { ...kim, value: { kind: 7 } }, upToDate])
    expect(changes.change(position)).toBeNull()
    changes.settle()
    changes.take([kim, upToDate])
    expect(changes.change(position)).toMatchObject({ replaceAll: false, upserts: [{ key: 'kim' }] })
    expect(refused).toHaveLength(2)
  })

  test('is taken back by its name alone', () => {
    const changes = gatherer(false)
    changes.take([{ ...insert({ name: 'Kim' }), headers: { operation: 'delete' } }, upToDate])
    expect(changes.change(position)).toMatchObject({ removals: [{ kind: 'user', key: 'kim' }], unreadable: [] })
  })

  test('leaves the starter when there is nothing else, and the first that can be read takes its place', () => {
    const changes = gatherer(true)
    changes.take([insert({ name: 'Kim' }), upToDate])
    expect(changes.change(position)).toMatchObject({ replaceAll: false, unreadable: [{ key: 'kim' }] })
    changes.settle()
    changes.take([kim, upToDate])
    expect(changes.change(position)).toMatchObject({ replaceAll: true, upserts: [{ key: 'kim' }] })
  })
})
