import { OperationalError } from '@jidoka/base'
import { expect, test } from 'vitest'
import { folderError, lastWord } from './start-errors.ts'

const errno = (code: string) => Object.assign(new Error(`${code}: something`), { code })

test.each([
  ['ENOSPC', 'is full'],
  ['EACCES', 'cannot be written'],
  ['EROFS', 'cannot be written'],
  ['ENOTDIR', 'is not a folder'],
])('%s becomes a sentence with what to do', (code, words) => {
  const error = folderError('/data', errno(code))
  expect(error).toBeInstanceOf(OperationalError)
  expect(lastWord(error)).toContain(words)
  expect(lastWord(error)).not.toContain('    at ')
})

test('a fault of the program itself keeps its stack', () => {
  expect(lastWord(new TypeError('x is not a function'))).toContain('    at ')
})
