import { newCommandSchema } from '@jidoka/contract'
import { expect, test } from 'vitest'
import { pressTemperature } from '../../test/fixture-data.ts'
import { commandOf, newId, type CommandForm } from './command-form.ts'

const form: CommandForm = {
  name: 'resend',
  fromSeq: '65,537',
  toSeq: '131072',
  ruleId: pressTemperature.id,
  from: '2026-11-21T00:00:00.000Z',
  to: '2026-11-21T08:00:00.000Z',
  validMin: 60,
}
const id = newId()

test.each([{ name: 'support_bundle' }, { name: 'resend' }, { name: 'rehearsal' }] as const)(
  'a filled form of $name is a command that the contract takes',
  (change) => {
    const outcome = commandOf({ ...form, ...change }, id, [pressTemperature])
    expect('command' in outcome && newCommandSchema.parse(outcome.command)).toMatchObject({
      id,
      what: change,
      valid_min: 60,
    })
  },
)

test.each([
  ['no number', { fromSeq: 'x', toSeq: '' }, { fromSeq: 'number', toSeq: 'number' }],
  ['zero', { fromSeq: '0' }, { fromSeq: 'number' }],
  ['the end before the beginning', { fromSeq: '9', toSeq: '8' }, { toSeq: 'order' }],
  ['more than one command sends', { fromSeq: '1', toSeq: '1048577' }, { toSeq: 'too_many' }],
  ['a rule that is gone', { name: 'rehearsal', ruleId: 'gone' }, { ruleId: 'rule' }],
  ['no instant', { name: 'rehearsal', from: '' }, { from: 'instant' }],
  ['an end that is no later', { name: 'rehearsal', to: form.from }, { to: 'times' }],
  ['more than a day', { name: 'rehearsal', from: '2026-11-20T07:59:00.000Z' }, { to: 'too_long' }],
] as const)('%s is told beside its field', (_what, change, problems) => {
  expect(commandOf({ ...form, ...change }, id, [pressTemperature])).toEqual({ problems })
})

test('1,048,576 numbers are the most that one command sends', () => {
  expect(commandOf({ ...form, fromSeq: '1', toSeq: '1048576' }, id, [])).toHaveProperty('command')
})

test('an id is a UUID of random bits, whatever they are', () => {
  expect(newId((bytes) => bytes.fill(0xff))).toBe('ffffffff-ffff-4fff-bfff-ffffffffffff')
  expect(newId((bytes) => bytes.fill(0))).toBe('00000000-0000-4000-8000-000000000000')
  expect(newId()).not.toBe(newId())
})
