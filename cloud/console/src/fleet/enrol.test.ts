import { newEnrolmentSchema } from '@jidoka/contract'
import { expect, test } from 'vitest'
import { enrolCommand, siteCodeProblem, validMinProblem } from './enrol.ts'

test.each(['ulsan', 'Plant-2', 'A_1', '', '-plant', 'a b', '울산', 'x'.repeat(33)])(
  'the form and the contract agree on the site code %j',
  (code) => {
    expect(siteCodeProblem(code)).toBe(!newEnrolmentSchema.safeParse({ site_code: code }).success)
  },
)

test.each(['1', '60', '10080', '0', '10081', '', '1.5', '-5', '1e3'])(
  'the form and the contract agree on %j minutes',
  (minutes) => {
    const valid =
      /^\d+$/.test(minutes) && newEnrolmentSchema.safeParse({ site_code: 'a', valid_min: Number(minutes) }).success
    expect(validMinProblem(minutes)).toBe(!valid)
  },
)

test('the command hands the token over by the environment, in quotes', () => {
  expect(enrolCommand('t0ken', 'https://cloud.example')).toBe(
    "JIDOKA_CLOUD_URL='https://cloud.example' \\\nJIDOKA_ENROLMENT_TOKEN='t0ken' \\\nnpm run start:edge",
  )
})
