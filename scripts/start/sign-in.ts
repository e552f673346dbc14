import { randomInt } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** Its name in the data folder. */
export const signInFile = 'sign-in.json'

export interface SignIn {
  readonly login: 'admin'
  readonly password: string
}

/** Letters and digits that nobody mistakes for one another on a screen or a label. */
const letters = 'abcdefghjkmnpqrstuvwxyz23456789'

/**
 * The password that both tiers get at their first start. Kept in the data folder, readable by its owner alone, so that
 * the second start can still say how to sign in; a password changed later in a user interface is not written here.
 */
export function signInOf(file: string): SignIn {
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as SignIn
  const group = () => Array.from({ length: 4 }, () => letters[randomInt(letters.length)]).join('')
  // Four groups of four out of 31 letters: 79 bits.
  const signIn: SignIn = { login: 'admin', password: [group(), group(), group(), group()].join('-') }
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  writeFileSync(file, `${JSON.stringify(signIn, null, 2)}\n`, { mode: 0o600 })
  return signIn
}
