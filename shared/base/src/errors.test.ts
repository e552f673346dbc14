import { describe, expect, it } from 'vitest'
import { describeError } from './errors.ts'

describe('an error in one line', () => {
  it.each([
    [new Error('The disk is full.'), 'The disk is full.'],
    [
      new Error('It was not stored.', { cause: new Error('The disk is full.') }),
      'It was not stored. (The disk is full.)',
    ],
    // A sentence that names its cause, and one that was handed on, are not said twice.
    [new Error('Not stored: ENOSPC', { cause: new Error('ENOSPC') }), 'Not stored: ENOSPC'],
    [
      new AggregateError([new Error('a is away'), new Error('b is away')], 'Two failed'),
      'Two failed; a is away; b is away',
    ],
    [new AggregateError([new Error('a is away')], 'One failed: a is away'), 'One failed: a is away'],
    [new TypeError(''), 'TypeError'],
    ['a word', 'a word'],
  ])('%s', (error, sentence) => expect(describeError(error)).toBe(sentence))
})
