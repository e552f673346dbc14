import { expect, test } from 'vitest'
import { parseDesiredRow } from './desired-row.ts'

const row = {
  id: '0193a1b2-0000-7000-8000-0000000000d1',
  edge_id: '0193a1b2-0000-7000-8000-000000000001',
  kind: 'site',
  key: 'site',
  version: '3',
  body: JSON.stringify({ name: { ko: '울산', en: 'Ulsan' }, time_zone: 'Asia/Seoul' }),
}

test('a row is read from the texts of the shape and from the values of its client alike', () => {
  const asText = parseDesiredRow(row)
  expect(asText).toMatchObject({
    kind: 'ok',
    edgeId: row.edge_id,
    item: { kind: 'site', version: 3, body: { time_zone: 'Asia/Seoul' } },
  })
  expect(parseDesiredRow({ ...row, version: 3n, body: JSON.parse(row.body) })).toEqual(asText)
})

test('a row that this edge cannot apply is refused with its name and a problem, and never throws', () => {
  const name = { kind: 'site', key: 'site', version: 3 }
  expect(parseDesiredRow({ ...row, body: '{' })).toMatchObject({ kind: 'refused', item: name })
  expect(parseDesiredRow({ ...row, body: '{"name":1}' })).toMatchObject({
    kind: 'refused',
    item: name,
    problem: expect.stringContaining('name'),
  })
  expect(parseDesiredRow({ ...row, kind: 'recipe' })).toMatchObject({ kind: 'refused', item: { kind: 'recipe' } })
  for (const broken of [null, 7, {}, { ...row, version: '-1' }, { ...row, version: '1e3' }, { ...row, edge_id: 'x' }])
    expect(parseDesiredRow(broken)).toMatchObject({ kind: 'refused', item: null })
})
