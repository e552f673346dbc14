import { cloudStreamEvents } from '@jidoka/contract'
import { expect, test } from 'vitest'
import { parseCloudEvent } from './cloud-events.ts'

test.each(Object.keys(cloudStreamEvents))('knows the event %s of the contract', (name) => {
  expect(parseCloudEvent({ event: name, data: '{}' })).not.toBeNull()
})

test('an event of a newer cloud, and one that is cut off, are left out', () => {
  expect(parseCloudEvent({ event: 'hologram', data: '{}' })).toBeNull()
  expect(parseCloudEvent({ event: 'judgment', data: '{"execution_id":' })).toBeNull()
  expect(parseCloudEvent({ event: 'judgment', data: 'null' })).toBeNull()
  expect(parseCloudEvent({ event: 'toString', data: '{}' })).toBeNull()
})
