import { describe, expect, test } from 'vitest'
import { recognise, toldSentences } from './told.ts'

const filled = (template: string, value: (name: string, index: number) => string) => {
  let index = 0
  return template.replaceAll(/\{(#?\w+)\}/g, (_, name: string) => value(name, index++))
}

describe('a sentence of a program', () => {
  test('is known by its text, with what stands in its places', () => {
    expect(
      recognise('The cloud does not answer (connect ECONNREFUSED 10.0.0.7:443). Try again when the line is back.'),
    ).toEqual({
      code: 'audit.no_answer',
      values: { cause: 'connect ECONNREFUSED 10.0.0.7:443' },
    })
    expect(recognise("an answer that is not the cloud's (HTTP 502)")).toEqual({
      code: 'line.strange',
      values: { status: 502 },
    })
  })

  test.each(Object.entries(toldSentences))('%s is taken for no other, whatever stands in it', (code, templates) => {
    for (const template of templates)
      for (const text of ['7', 'x. (y): z', '–'])
        expect(recognise(filled(template, (name) => (name.startsWith('#') ? '12' : text)))?.code).toBe(code)
  })

  test('that is not known is none, nor is one with nothing in its places, nor what only looks like one', () => {
    for (const text of [
      '',
      'something else',
      'refused: ',
      "an answer that is not the cloud's (HTTP )",
      'from here to there: why',
    ])
      expect(recognise(text)).toBeNull()
    expect(recognise(`refused: ${'x'.repeat(5_000)}`)).toBeNull()
  })
})
