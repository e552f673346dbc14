import { expect, test } from 'vitest'
import { translator } from '../i18n/messages.ts'
import { uiMessages } from '../messages/index.ts'
import { ProblemError } from './errors.ts'
import { failureText } from './failure-text.ts'

const conflict = (detail: string) =>
  new ProblemError({ type: 'urn:jidoka:problem:conflict', kind: 'conflict', title: 'Conflict', status: 409, detail })
const running = 'The receipts are being verified already. Wait until that is done.'

test('a conflict with a sentence of its own says it in the language of the reader', () => {
  expect(failureText(conflict(running), translator(uiMessages, 'en'), 'en')).toBe(running)
  expect(failureText(conflict(running), translator(uiMessages, 'ko'), 'ko')).toBe(
    '이미 검증하고 있습니다. 끝날 때까지 기다리세요.',
  )
})

test('any other stays what it was: somebody else has changed it', () => {
  const t = translator(uiMessages, 'en')
  expect(failureText(conflict('Version 4 is newer.'), t, 'en')).toBe(t('problem.conflict'))
  expect(failureText(new Error('x'), t, 'en')).toBe(t('error.unexpected'))
})
