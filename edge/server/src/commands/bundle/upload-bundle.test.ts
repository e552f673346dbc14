import { ManualClock } from '@jidoka/base'
import { expect, test, vi } from 'vitest'
import type { CloudAnswer, CloudRequest } from '../../uplink/cloud-line.ts'
import { commandLimits } from '../limits.ts'
import { uploadBundle } from './upload-bundle.ts'

const id = '0198f0d2-0000-7000-8000-0000000000c1'
const away: CloudAnswer = { kind: 'failed', failure: { kind: 'network', cause: 'refused' } }
const busy: CloudAnswer = { kind: 'failed', failure: { kind: 'refused', refusal: { kind: 'busy', retry_after_ms: 1 } } }
const tooLarge: CloudAnswer = {
  kind: 'failed',
  failure: { kind: 'refused', refusal: { kind: 'too_large', detail: 'x' } },
}

/** Uploads to a cloud that answers in this way, the last answer for ever; time passes as it is waited for. */
async function upload(answers: CloudAnswer[], signal = new AbortController().signal) {
  const clock = new ManualClock()
  const requests: CloudRequest[] = []
  const line = {
    request: (request: CloudRequest) => {
      requests.push(request)
      return Promise.resolve(answers[Math.min(requests.length, answers.length) - 1] as CloudAnswer)
    },
  }
  let isOver = false
  const work = uploadBundle(() => line, { id, bytes: new Uint8Array(3), clock, signal }).then(
    () => null,
    (error: Error) => error.message,
  )
  void work.then(() => (isOver = true))
  await vi.waitUntil(() => {
    clock.advance(commandLimits.uploadDelayMsMax)
    return isOver
  })
  return { requests, problem: await work }
}

test('a bundle is laid under the id of its command, again and again until the cloud has it', async () => {
  const { requests, problem } = await upload([away, busy, { kind: 'ok', json: {} }])
  expect(problem).toBeNull()
  expect(requests).toHaveLength(3)
  expect(new Set(requests.map(({ method, path }) => `${method} ${path}`))).toEqual(
    new Set([`PUT /sync/v1/bundles/${id}`]),
  )
})

test('a refusal that no repeat would change ends it at once, and says where the bundle lies', async () => {
  const { requests, problem } = await upload([tooLarge])
  expect(requests).toHaveLength(1)
  expect(problem).toMatch(/"too_large".*folder "bundles"/)
})

test('a cloud that stays away ends it after some minutes, so that other commands have their turn', async () => {
  const { requests, problem } = await upload([away])
  expect(requests).toHaveLength(commandLimits.uploadTriesMax)
  expect(problem).toMatch(/cannot be reached.*issue the command again/)
})

test('a command that is given up sends nothing more', async () => {
  const { requests } = await upload([away], AbortSignal.abort())
  expect(requests).toHaveLength(0)
})
