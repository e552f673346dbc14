import { courierFileHeader, courierMediaType, edgePaths } from '@jidoka/contract'
import type { CourierImport } from '@jidoka/contract'
import { CourierError } from '@jidoka/sync-protocol'
import type { CourierBytes } from '@jidoka/sync-protocol'
import { beforeEach, expect, test } from 'vitest'
import { HttpHarness, problemOf } from '../http/testing/http-harness.ts'
import { CourierBusyError } from './courier-desk.ts'
import type { CourierDesk, ExportQuestion } from './courier-desk.ts'

const imported: CourierImport = {
  file_id: 'f',
  created_at: '2026-01-01T00:00:00.000Z',
  desired: 'current',
  items: 0,
  problems: [],
  receipts: [],
}

let harness: HttpHarness
let asked: ExportQuestion[]
let come: number
let refusal: Error | null

beforeEach(() => {
  harness = new HttpHarness()
  asked = []
  come = 0
  refusal = null
  const refuse = () => {
    if (refusal !== null) throw refusal
  }
  const courier: Pick<CourierDesk, 'export' | 'exports' | 'import'> = {
    export: async (question) => {
      refuse()
      asked.push(question)
      return Promise.resolve({ fileId: 'the-id', bytes: bytesOf('one', 'two') })
    },
    exports: () => [],
    import: async (bytes: CourierBytes) => {
      refuse()
      for await (const part of bytes) come += part.length
      return imported
    },
  }
  harness.restart({ courier })
})

async function* bytesOf(...texts: string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield await Promise.resolve(Buffer.from(text))
}

const post = async (body: string | Uint8Array<ArrayBuffer>, login = 'admin') =>
  harness.app.request(edgePaths.courierImport, {
    method: 'POST',
    body,
    headers: { 'content-type': courierMediaType, cookie: await harness.cookieOf(login) },
  })

test('an export is a file to save, with its id, as long as it is asked to be', async () => {
  const answer = await harness.get(
    `${edgePaths.courierExport}?max_bytes=5000000&from_readings=7`,
    await harness.cookieOf('admin'),
  )
  expect(answer.headers.get('content-type')).toBe(courierMediaType)
  expect(answer.headers.get('content-disposition')).toBe('attachment; filename="jidoka-the-id.courier"')
  expect(answer.headers.get(courierFileHeader)).toBe('the-id')
  expect(await answer.text()).toBe('onetwo')
  expect(asked).toEqual([{ bytesMax: 5_000_000, from: { records: undefined, readings: 7 } }])
})

test('a file may be larger than other bodies', async () => {
  const answer = await post(new Uint8Array(1_000_000))
  expect(answer.status).toBe(200)
  expect(await answer.json()).toMatchObject({ data: imported })
  expect(come).toBe(1_000_000)
})

test('what is wrong with a file is told as the sender can mend it', async () => {
  refusal = new CourierError('torn', 'it was copied in part')
  expect(await problemOf(post('x'))).toMatchObject({ kind: 'invalid_input', detail: 'it was copied in part' })
  refusal = new CourierError('too_large', 'too large')
  expect(await problemOf(post('x'))).toMatchObject({ kind: 'too_large' })
  refusal = new CourierBusyError('another one')
  expect(await problemOf(post('x'))).toMatchObject({ kind: 'conflict' })
  refusal = null
  const nothing = harness.app.request(edgePaths.courierImport, {
    method: 'POST',
    headers: { cookie: await harness.cookieOf('admin') },
  })
  expect(await problemOf(nothing)).toMatchObject({ kind: 'invalid_input' })
})

test('files are for administrators alone', async () => {
  expect(await problemOf(post('x', 'operator'))).toMatchObject({ kind: 'not_permitted' })
  for (const path of [edgePaths.courierExport, edgePaths.courierExports]) {
    expect(await problemOf(harness.get(path, await harness.cookieOf('viewer')))).toMatchObject({
      kind: 'not_permitted',
    })
    expect(await problemOf(harness.get(path))).toMatchObject({ kind: 'not_signed_in' })
  }
})

test('questions out of range are refused', async () => {
  const cookie = await harness.cookieOf('admin')
  for (const query of ['max_bytes=-1', 'max_bytes=x', 'from_records=0', 'from_readings=1.5'])
    expect(await problemOf(harness.get(`${edgePaths.courierExport}?${query}`, cookie))).toMatchObject({
      kind: 'invalid_input',
    })
})
