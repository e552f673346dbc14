import { expect, test } from 'vitest'
import { translator } from '../i18n/messages.ts'
import { uiMessages } from '../messages/index.ts'
import { describeError } from './describe-error.ts'
import { ProblemError } from './errors.ts'

const conflict = (detail: string) =>
  new ProblemError({ type: 'urn:jidoka:problem:conflict', kind: 'conflict', title: 'Conflict', status: 409, detail })
const running = 'The receipts are being verified already. Wait until that is done.'

test('a conflict with a sentence of its own says it in the language of the reader', () => {
  expect(describeError(conflict(running), translator(uiMessages, 'en'), 'en')).toEqual({
    sentence: running,
    details: [],
  })
  expect(describeError(conflict(running), translator(uiMessages, 'ko'), 'ko')).toEqual({
    sentence: '이미 검증하고 있습니다. 끝날 때까지 기다리세요.',
    details: [],
  })
})

test('any other stays what it was: somebody else has changed it', () => {
  const t = translator(uiMessages, 'en')
  expect(describeError(conflict('Version 4 is newer.'), t, 'en')).toEqual({
    sentence: t('problem.conflict'),
    details: ['Version 4 is newer.'],
  })
  expect(describeError(new Error('x'), t, 'en').sentence).toBe(t('error.unexpected'))
})
