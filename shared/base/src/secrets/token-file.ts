import { readFileSync } from 'node:fs'
import { describeError } from '../errors.ts'
import { SecretError } from './secret-error.ts'

const tokenBytesMax = 16 * 1_024

/** The token in a file that somebody else writes anew from time to time. @throws SecretError `misconfigured` */
export function readToken(file: string): string {
  try {
    const text = readFileSync(file, 'utf8').trim()
    if (text === '' || text.length > tokenBytesMax) throw new Error('it holds no token')
    return text
  } catch (cause) {
    throw new SecretError(
      'misconfigured',
      `The token file ${file} cannot be read: ${describeError(cause)}. Is it mounted, and may this user read it?`,
      { cause },
    )
  }
}
