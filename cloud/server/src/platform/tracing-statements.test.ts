import { expect, test } from 'vitest'
import { nameOfStatement } from './tracing-statements.ts'

test('a statement is called by its own name, or by its verb and its first table, and never by a value', () => {
  expect(nameOfStatement({ name: 'claim-events' })).toBe('claim-events')
  const named: readonly (readonly [text: string, name: string])[] = [
    ['select id from core.tenants where id = $1', 'select core.tenants'],
    ["\n  -- why\n  INSERT INTO fleet.edges (name) values ('planted')", 'insert fleet.edges'],
    ['with a as (select 1 from fleet.sites) update fleet.edges set a = 1', 'with fleet.sites'],
    ["update only core.users set login = 'planted'", 'update core.users'],
    ['create table if not exists core.months_y2026m11 partition of core.months', 'create core.months_y2026m11'],
    ["select 'planted'", 'select'],
    ['', 'statement'],
  ]
  for (const [text, name] of named) expect(nameOfStatement(text)).toBe(name)
})
