import { edgePaths, envelope, heldCommandSchema, supportBundleMediaType } from '@jidoka/contract'
import { beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { StoredCommand } from '../ports.ts'
import { HttpHarness, problemOf } from './testing/http-harness.ts'

const command = (no: number, change: Partial<StoredCommand> = {}): StoredCommand => ({
  id: `0198f0d2-0000-7000-8000-00000000000${no}`,
  version: 1,
  command: { issued_by: 'kim', issued_at_ms: 0, expires_at_ms: 86_400_000, what: { name: 'support_bundle' } },
  state: 'done',
  problem: null,
  result: { bytes: 7 },
  changedMs: 1_000,
  ...change,
})

let at: HttpHarness
beforeEach(() => {
  at = new HttpHarness()
})

describe('the commands of the cloud', () => {
  test('are listed with what became of them, the newest first', async () => {
    at.commands = [command(1), command(2, { state: 'failed', problem: 'There is no room.', result: null })]
    const answer = await at.get(edgePaths.commands, await at.cookieOf('viewer'))
    const { data } = envelope(z.array(heldCommandSchema)).parse(await answer.json())
    expect(data).toMatchObject([
      { id: command(2).id, state: 'failed', problem: 'There is no room.', result: null },
      { name: 'support_bundle', issued_by: 'kim', expires_at: '1970-01-02T00:00:00.000Z', result: { bytes: 7 } },
    ])
  })

  test('are for those who have signed in', async () => {
    expect(await problemOf(at.get(edgePaths.commands))).toMatchObject({ kind: 'not_signed_in' })
  })
})

describe('a support bundle', () => {
  test('is made for an administrator, with a record of who asked', async () => {
    const answer = await at.post(edgePaths.supportBundle, {}, { cookie: await at.cookieOf('admin') })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe(supportBundleMediaType)
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename="support-1.tar.gz"')
    expect(await answer.text()).toBe('bundle')
    expect(at.journal.records.slice(-1)).toMatchObject([
      { kind: 'audit', body: { actor: 'admin', action: 'support_bundle.make', subject: 'bundles/support-1.tar.gz' } },
    ])
  })

  test('is not for others', async () => {
    const refused = at.post(edgePaths.supportBundle, {}, { cookie: await at.cookieOf('operator') })
    expect(await problemOf(refused)).toMatchObject({ kind: 'not_permitted' })
  })
})
