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
  new ChangeGatherer({ edgeId, fromStart, onRefused: (problem) => refused.push(problem) })

describe('an empty snapshot', () => {
  test('of a cloud that wanted something before takes everything away, once', () => {
    const changes = gatherer(false)
    expect(changes.take([mustRefetch, upToDate])).toBe(true)
    expect(changes.change(position)).toEqual({ upserts: [], removals: [], replaceAll: true, position })
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

  test('is none when it held rows that could not be read: what is in force stays', () => {
    const refused: string[] = []
    const changes = gatherer(false, refused)
    changes.take([mustRefetch, insert({ name: 'Kim' }), upToDate])
    expect(refused).toHaveLength(1)
    expect(changes.change(position)).toBeNull()
  })
})
