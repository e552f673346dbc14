import { messageMistakes } from '@jidoka/ui'
import { expect, test } from 'vitest'
import { messages } from './index.ts'

test('every message is there in both languages with the same parameters', () => {
  expect(messageMistakes(messages)).toEqual([])
})

test('no Korean message puts a particle behind a parameter, whose last sound nobody knows', () => {
  const particles = Object.entries(messages.ko).filter(([, text]) =>
    /\}(은|는|이|가|을|를|와|과|으로|로)(?![가-힣])/.test(text),
  )
  expect(particles).toEqual([])
})
