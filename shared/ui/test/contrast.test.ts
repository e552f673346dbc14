import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

/** The style sheet as it ships. */
const tokens = readFileSync(join(import.meta.dirname, '../src/styles/tokens.css'), 'utf8')

/** WCAG 2.2, relative luminance of `#rrggbb`. */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].toSorted((a, b) => b - a)
  return (light + 0.05) / (dark + 0.05)
}

const colours = new Map(
  [...tokens.matchAll(/--([\w-]+): light-dark\((#[\da-f]{6}), (#[\da-f]{6})\)/g)].map(
    ([, name = '', light = '', dark = '']) => [name, { light, dark }],
  ),
)

const grounds = ['ground', 'surface', 'raised', 'pressed']
const textPairs = [
  ...grounds.flatMap((ground) => [
    ['ink', ground],
    ['ink-second', ground],
  ]),
  ['ink-inverse', 'ink'],
  ['ink-inverse', 'ink-second'],
  ['ink', 'band'],
  ['ink-second', 'hatch'],
  ...['critical', 'high', 'medium', 'low'].map((priority) => [`${priority}-ink`, priority]),
] as [string, string][]

test('the style sheet was read: every priority has a colour and an ink for both appearances', () => {
  for (const priority of ['critical', 'high', 'medium', 'low']) {
    expect(colours.get(priority)).toBeDefined()
    expect(colours.get(`${priority}-ink`)).toBeDefined()
  }
})

test.each(textPairs)('text in %s on %s has a contrast of 4.5 in light and in dark', (text, ground) => {
  for (const appearance of ['light', 'dark'] as const) {
    const [one, other] = [colours.get(text)?.[appearance] ?? '', colours.get(ground)?.[appearance] ?? '']
    expect(contrast(one, other), `${text} on ${ground}, ${appearance}`).toBeGreaterThanOrEqual(4.5)
  }
})

test.each(['critical', 'high', 'medium', 'low'])(
  'the mark of %s is seen by its colour or its outline: one has a contrast of 3 to every ground',
  (priority) => {
    for (const appearance of ['light', 'dark'] as const) {
      for (const ground of ['ground', 'surface', 'raised']) {
        const under = colours.get(ground)?.[appearance] ?? ''
        const seen = Math.max(
          contrast(colours.get(priority)?.[appearance] ?? '', under),
          contrast(colours.get('ink')?.[appearance] ?? '', under),
        )
        expect(seen).toBeGreaterThanOrEqual(3)
      }
    }
  },
)

test('lines of inputs and buttons have a contrast of 3 to the ground they lie on', () => {
  for (const appearance of ['light', 'dark'] as const) {
    for (const ground of ['ground', 'surface', 'raised']) {
      expect(
        contrast(colours.get('line-strong')?.[appearance] ?? '', colours.get(ground)?.[appearance] ?? ''),
        `${ground}, ${appearance}`,
      ).toBeGreaterThanOrEqual(3)
    }
  }
})

test('black on white is measured as 21', () => {
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 5)
})
