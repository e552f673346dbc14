import { expect, it } from 'vitest'
import { serviceUrl } from './electric.ts'

it('finds the paths of the service below the path of its address, and keeps what its query says', () => {
  for (const [base, shape] of [
    ['http://e:3000', 'http://e:3000/v1/shape'],
    ['http://e:3000/', 'http://e:3000/v1/shape'],
    ['https://e/below/a/path', 'https://e/below/a/path/v1/shape'],
    ['https://e/below/a/path//', 'https://e/below/a/path/v1/shape'],
    ['https://e/?source_id=1', 'https://e/v1/shape?source_id=1'],
  ] as const)
    expect(serviceUrl(base, '/v1/shape').href).toBe(shape)
})
