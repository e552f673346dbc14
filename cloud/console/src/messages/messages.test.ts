import { messageMistakes } from '@jidoka/ui'
import { expect, test } from 'vitest'
import { messages } from './index.ts'

test('both languages have every sentence, with the same parameters', () => {
  expect(messageMistakes(messages)).toEqual([])
})

test('no Korean sentence puts a particle behind a parameter: which one fits hangs on what stands there', () => {
  const particles = /\}(은|는|이|가|을|를|과|와|으로|로)(\s|$|\.)/u
  expect(Object.entries(messages.ko).filter(([, text]) => particles.test(text))).toEqual([])
})
