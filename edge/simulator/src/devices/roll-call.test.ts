import { createLog } from '@jidoka/base'
import { beforeEach, expect, test } from 'vitest'
import { RollCall } from './roll-call.ts'

let said: string[]
let roll: RollCall

beforeEach(() => {
  said = []
  const log = createLog('test', { destination: { write: (line: string) => void said.push(JSON.parse(line).message) } })
  roll = new RollCall({ log, broker: 'mqtt://broker', deviceCount: 2 })
})

test('a broker that is away is said once for all devices, and so is its return', () => {
  for (let attempt = 0; attempt < 3; attempt++) for (const login of ['a', 'b']) roll.hear(login, 'away', '')
  expect(said).toEqual([expect.stringContaining('no device reaches the broker')])
  for (const login of ['a', 'b']) roll.hear(login, 'online', '')
  expect(said.slice(1)).toEqual(['all devices are signed in'])
  expect(roll.onlineCount).toBe(2)
  for (const login of ['a', 'b']) roll.hear(login, 'away', '')
  expect(said).toHaveLength(3)
})

test('a single device that is away is no news', () => {
  for (const login of ['a', 'b']) roll.hear(login, 'online', '')
  roll.hear('a', 'away', '')
  expect(said).toEqual(['all devices are signed in'])
  expect(roll.onlineCount).toBe(1)
})

test('a refusal is said once with what to do, and not drowned by the broken connection that follows it', () => {
  for (const login of ['a', 'b', 'a']) {
    roll.hear(login, 'refused', 'bad user name or password')
    roll.hear(login, 'away', '')
  }
  expect(said).toEqual([expect.stringContaining('the broker refuses devices: give it the file')])
})
