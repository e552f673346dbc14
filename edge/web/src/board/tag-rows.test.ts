import { expect, test } from 'vitest'
import { makePlant } from '../../test/fixture/plant.ts'
import { tagsOfLine } from './tag-rows.ts'

const [tag] = makePlant(() => 0).board.tags
if (!tag) throw new Error('the fixture has no tag')
const at = (line: string, equipment: string | null, sensor: string) => ({
  ...tag,
  key: [line, equipment, sensor].filter(Boolean).join('/'),
  line,
  equipment,
  sensor,
})

test('tags of the line itself stand first, then machines by number, and no tag of another line', () => {
  const { rows, waitingCount } = tagsOfLine(
    [
      at('A', 'PRESS-10', 'force'),
      at('A', 'PRESS-2', 'force'),
      at('A', null, 'temperature'),
      at('B', null, 'humidity'),
      at('A', null, 'humidity'),
    ],
    'A',
  )
  expect(rows).toEqual([
    { key: 'A/humidity', equipment: null },
    { key: 'A/temperature', equipment: null },
    { key: 'A/PRESS-2/force', equipment: 'PRESS-2' },
    { key: 'A/PRESS-10/force', equipment: 'PRESS-10' },
  ])
  expect(waitingCount).toBe(0)
})

test('tags that nobody has adopted are counted for their line and are no rows', () => {
  const made = (line: string, sensor: string) => ({ ...at(line, null, sensor), adopted: false })
  expect(tagsOfLine([made('A', 'x1'), at('A', null, 'humidity'), made('A', 'x2'), made('B', 'x3')], 'A')).toEqual({
    rows: [{ key: 'A/humidity', equipment: null }],
    waitingCount: 2,
  })
})
