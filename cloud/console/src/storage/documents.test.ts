import { documentBytesMax } from '@jidoka/contract'
import { expect, test } from 'vitest'
import { typeOfName, whyNot } from './documents.ts'

test('a document is known by its ending', () => {
  expect(['작업 표준서.PDF', 'a.b.md', 'photo.jpeg', 'notes.txt'].map(typeOfName)).toEqual([
    'application/pdf',
    'text/markdown',
    'image/jpeg',
    'text/plain',
  ])
  expect(['pdf', 'page.html', 'a.pdf.exe', ''].map(typeOfName)).toEqual([null, null, null, null])
})

test('what the cloud would not take is known before it is sent', () => {
  expect(
    [
      { name: 'a.pdf', size: documentBytesMax },
      { name: 'a.pdf', size: documentBytesMax + 1 },
      { name: 'a.pdf', size: 0 },
      { name: 'a.exe', size: 1 },
      { name: `${'가'.repeat(90)}.pdf`, size: 1 },
      { name: 'a\u202e.pdf', size: 1 },
    ].map(whyNot),
  ).toEqual([null, 'large', 'empty', 'type', 'name', 'name'])
})
