import { toldSentences } from '@jidoka/contract'
import { expect, test } from 'vitest'
import { toldKo } from '../messages/told-ko.ts'
import { toldText } from './told.ts'

const placesOf = (text: string) => new Set([...text.matchAll(/\{#?(\w+)\}/g)].map(([, name]) => name))

test('every sentence has a Korean text that takes nothing that the English one does not give', () => {
  for (const [code, templates] of Object.entries(toldSentences)) {
    const korean = toldKo[code as keyof typeof toldKo]
    expect([code, korean]).toEqual([code, expect.stringMatching(/[가-힣]/)])
    for (const template of templates)
      expect([code, ...[...placesOf(korean)].filter((name) => !placesOf(template).has(name))]).toEqual([code])
  }
})

test('is in the language of the reader, also what stands within it', () => {
  const text = 'The cloud does not answer (connect ECONNREFUSED 10.0.0.7:443). Try again when the line is back.'
  expect(toldText(text, 'ko')).toEqual({
    text: '클라우드가 응답하지 않습니다(10.0.0.7:443에서 연결을 거부함). 연결이 돌아오면 다시 시도하세요.',
    locale: 'ko',
  })
  expect(toldText(text, 'en')).toEqual({ text, locale: 'en' })
})

test('what is not known stays as its program said it, and says so', () => {
  expect(toldText('Something new happened.', 'ko')).toEqual({ text: 'Something new happened.', locale: 'en' })
})
