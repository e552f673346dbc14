import { createHash } from 'node:crypto'
import { canonicalJson } from '@jidoka/base'
import { recordSchema } from '@jidoka/domain'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { downMessages } from './down.ts'
import { upMessages } from './up.ts'
import { endToUpgrade, isAheadOfUs, isAtLeast, protocolSchemaDigest } from './version.ts'

test('the schemas of all messages are those of this protocol version', () => {
  const all = { ...upMessages, ...downMessages, record: recordSchema }
  // `input`: what goes over the line. Transforms are ours alone.
  const schemas = Object.fromEntries(
    Object.entries(all).map(([name, schema]) => [
      name,
      z.toJSONSchema(schema as z.ZodType, { io: 'input', unrepresentable: 'any' }),
    ]),
  )
  const digest = createHash('sha256').update(canonicalJson(schemas)).digest('hex')
  expect(
    digest,
    'A message has changed: bump the version. Raise protocolVersion in version.ts, add a line to its history, and put this digest there',
  ).toBe(protocolSchemaDigest)
})

test('a cloud understands every older edge of its major version, and one that is a minor version ahead; else the older end is named', () => {
  expect(endToUpgrade('1.0', 'edge', '1.0')).toBeNull()
  expect(endToUpgrade('1.0', 'edge', '1.7')).toBeNull()
  expect(endToUpgrade('1.1', 'edge', '1.0')).toBeNull()
  expect(endToUpgrade('1.10', 'edge', '1.2')).toBe('cloud')
  expect(endToUpgrade('2.0', 'edge', '1.9')).toBe('cloud')
  expect(endToUpgrade('1.9', 'edge', '2.0')).toBe('edge')
  expect(endToUpgrade('1.7', 'cloud', '1.0')).toBeNull()
  expect(endToUpgrade('1.1', 'cloud', '1.2')).toBeNull()
  expect(endToUpgrade('1.0', 'cloud', '1.2')).toBe('cloud')
  expect(endToUpgrade('1.9', 'cloud', '2.0')).toBe('cloud')
  expect(endToUpgrade('2.0', 'cloud', '1.9')).toBe('edge')
})

test('what came with a version is known to who says that one or a later one', () => {
  expect(isAtLeast('1.3', '1.3')).toBe(true)
  expect(isAtLeast('1.10', '1.3')).toBe(true)
  expect(isAtLeast('2.0', '1.3')).toBe(true)
  expect(isAtLeast('1.2', '1.3')).toBe(false)
})

test('what may hold members that we do not know is of a later minor version', () => {
  expect(isAheadOfUs('1.10', '1.9')).toBe(true)
  expect(isAheadOfUs('1.9', '1.9')).toBe(false)
  expect(isAheadOfUs('1.8', '1.9')).toBe(false)
  expect(isAheadOfUs('2.0', '1.9')).toBe(false)
})
