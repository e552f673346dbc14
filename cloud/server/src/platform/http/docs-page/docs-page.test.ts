import { expect, it } from 'vitest'
import { z } from 'zod'
import { docsPage } from './docs-page.ts'
import type { Schema } from './schema-text.ts'
import { sampleOf, schemaText } from './schema-text.ts'

const schemaOf = (schema: z.ZodType) => z.toJSONSchema(schema, { target: 'draft-2020-12' }) as Schema
const request = z.object({
  site_code: z.string().min(1).max(20),
  valid_min: z.number().int().min(1).max(60).optional(),
  kind: z.enum(['a', 'b']),
  ids: z.array(z.uuid()).max(3),
  more: z.record(z.string(), z.union([z.number(), z.null()])),
})

it('writes the form of a value down, with its bounds and what may be left out', () => {
  expect(schemaText(schemaOf(request), {})).toBe(`{
  site_code: string  1..20 characters
  valid_min?: integer  1..60
  kind: "a" | "b"
  ids: string (uuid)[]  ..3 items
  more: { [name]: number | null }
}`)
})

it('begins a request with what must be there', () => {
  expect(sampleOf(schemaOf(request), {})).toEqual({ site_code: '', kind: 'a', ids: [], more: {} })
})

it('ends with a form that holds itself', () => {
  const node: Schema = {
    type: 'object',
    properties: { next: { $ref: '#/components/schemas/Node' } },
    required: ['next'],
  }
  expect(schemaText(node, { Node: node })).toContain('...')
  expect(JSON.stringify(sampleOf(node, { Node: node }))).toContain('null')
})

it('shows texts of the description as texts', () => {
  const page = docsPage({
    info: { title: '<b>', version: '1' },
    paths: { '/a"b': { get: { summary: '<script>alert(1)</script>', tags: ['x&y'] } } },
  })
  expect(page).not.toContain('<script>alert')
  expect(page).not.toContain('<b> API')
  expect(page).toContain('data-path="/a&quot;b"')
  expect(page).toContain('x&amp;y')
})
