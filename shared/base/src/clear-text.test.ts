import { expect, test } from 'vitest'
import { travelsInClear } from './clear-text.ts'

test.each(['http://cloud.example', 'http://10.0.0.1:3000', 'HTTP://127.example.com/', 'http://[fe80::1]/'])(
  '%s travels in clear',
  (url) => {
    expect(travelsInClear(url)).toBe(true)
  },
)

test.each(['https://cloud.example', 'http://localhost:3000', 'http://127.0.0.2/', 'http://[::1]:3000/'])(
  '%s does not: it is encrypted, or it does not leave this machine',
  (url) => {
    expect(travelsInClear(url)).toBe(false)
  },
)
