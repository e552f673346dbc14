import { expect, test } from 'vitest'
import { initialConsonants, searchEntries } from './search.ts'

const entries = [
  { title: '판정', words: ['Judgments', 'judgments'] },
  { title: '규칙', words: ['Rules', 'rules'] },
  { title: '프레스 1라인', words: ['Press line 1', 'LINE-A', 'edge-seoul'] },
  { title: '프레스 온도', words: ['Press temperature', 'press-temperature'] },
]
const titles = (query: string) => searchEntries(entries, query).map(({ title }) => title)

test('finds Korean by initial consonants, as people type it', () => {
  expect(initialConsonants('판정 A1')).toBe('ㅍㅈ A1')
  expect(titles('ㅍㅈ')).toEqual(['판정'])
  expect(titles('ㅍㄹㅅ')).toEqual(['프레스 1라인', '프레스 온도'])
})

test('finds by the name in the other language and by code, whatever the capitals', () => {
  expect(titles('judg')).toEqual(['판정'])
  expect(titles('line-a')).toEqual(['프레스 1라인'])
  expect(titles('PRESS TEMP')).toEqual(['프레스 온도'])
})

test('every word must be there, and the start of a title comes before the middle of a word', () => {
  expect(titles('프레스 seoul')).toEqual(['프레스 1라인'])
  expect(titles('press xyz')).toEqual([])
  expect(
    searchEntries(
      [
        { title: 'Compressor', words: [] },
        { title: 'Press', words: [] },
      ],
      'press',
    ).map(({ title }) => title),
  ).toEqual(['Press', 'Compressor'])
})

test('finds composed names by decomposed letters', () => {
  expect(titles('판정'.normalize('NFD'))).toEqual(['판정'])
})

test('an empty query keeps all in their order', () => {
  expect(titles('  ')).toEqual(entries.map(({ title }) => title))
})
