import { expect, test } from 'vitest'
import { messageMistakes } from '../i18n/messages.ts'
import { plainRuleProblem, ruleProblemMessages, shownRuleProblems } from './rule-problems.ts'

test('every problem of a rule has its sentence in both languages, with the same values', () => {
  expect(messageMistakes(ruleProblemMessages)).toEqual([])
})

test('a Korean page says a problem in Korean, with its place and the words of the engine within it', () => {
  const text =
    'Line 2, column 8: `if` needs true or false, and this is a number; compare it with something\nthe verdict lacks its status'
  expect(shownRuleProblems(text, 'ko')).toEqual([
    { sentence: '2행 8열: `if`에는 참이나 거짓이 필요한데 이 값은 숫자입니다. 무엇과 비교하세요.', quoted: null },
    { sentence: '판정에 status이(가) 없습니다.', quoted: null },
  ])
})

test('in English a problem is what was stored', () => {
  const text = 'Example 1 of 2 (expected HIGH) cannot be judged: Line 1, column 3: the rule threw: no'
  expect(plainRuleProblem(text, 'en')).toBe(text)
})

test('a problem within a problem is in Korean too', () => {
  const text = 'Example 1 of 2 (expected HIGH) cannot be judged: Line 1, column 3: the rule threw: no'
  expect(plainRuleProblem(text, 'ko')).toBe(
    '예시 2개 가운데 1번(기대 HIGH)을 판정할 수 없습니다: 1행 3열: 규칙이 스스로 오류를 냈습니다: no',
  )
})

test('why nothing was judged is in Korean, by each input that is to blame', () => {
  expect(plainRuleProblem('Not judged: "mean" is missing, "speed" is too old.', 'ko')).toBe(
    '판정하지 못했습니다. “mean”: 값이 없음, “speed”: 값이 너무 오래됨',
  )
  expect(plainRuleProblem('Not judged: the rule failed. Line 1, column 3: the rule threw: no', 'ko')).toBe(
    '판정하지 못했습니다. 규칙이 실패했습니다: 1행 3열: 규칙이 스스로 오류를 냈습니다: no',
  )
  expect(plainRuleProblem('Not judged: what nobody knows.', 'ko')).toBe('판정하지 못했습니다. what nobody knows')
})

test("the parser's own words are quoted within a sentence that says where", () => {
  const words = "Expecting ';' to terminate this statement"
  expect(shownRuleProblems(`Line 3, column 14: ${words}`, 'ko')).toEqual([
    { sentence: '3행 14열: 스크립트에 오류가 있습니다', quoted: words },
  ])
  expect(shownRuleProblems(words, 'ko', true)).toEqual([{ sentence: '스크립트에 오류가 있습니다', quoted: words }])
  expect(shownRuleProblems('what nobody knows', 'ko')).toEqual([{ sentence: '', quoted: 'what nobody knows' }])
})
