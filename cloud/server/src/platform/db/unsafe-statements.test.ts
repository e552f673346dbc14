import { describe, expect, it } from 'vitest'
import { acceptedStatements, isAccepted } from './accepted-statements.ts'
import { allMigrations } from './open.ts'
import type { UnsafeName } from './unsafe-statements.ts'
import { unsafeIn, unsafeStatements } from './unsafe-statements.ts'

const outside = '-- outside of a transaction\n'

/** For each: what it finds, and the nearest that it must let pass. */
const examples: Record<UnsafeName, { readonly unsafe: readonly string[]; readonly safe: readonly string[] }> = {
  column_with_volatile_default: {
    unsafe: [
      'alter table a.b add column c uuid default gen_random_uuid()',
      'alter table a.b add c float default 1 + random()',
    ],
    safe: [
      'alter table a.b add column c int default 3',
      'alter table a.b add column c timestamptz not null default now()',
      `alter table a.b add column c jsonb not null default '{}'::jsonb`,
    ],
  },
  generated_column: {
    unsafe: [
      'alter table a.b add column c bigint generated always as identity',
      'alter table a.b add column c int generated always as (d * 2) stored',
      'alter table a.b add column c bigserial',
    ],
    safe: ['alter table a.b add column c bigint', 'create table a.n (c bigint generated always as identity)'],
  },
  required_column_without_default: {
    unsafe: [
      'alter table a.b add column c int not null',
      'alter table a.b add column d int, add column c int not null',
    ],
    safe: ['alter table a.b add column c int', 'alter table a.b add column c int not null default 0'],
  },
  change_of_type: {
    unsafe: ['alter table a.b alter column c type bigint', 'alter table a.b alter c set data type text using c::text'],
    safe: ['alter table a.b alter column c set storage external', 'alter table a.b alter column c set statistics 500'],
  },
  not_null_unchecked: {
    unsafe: [
      'alter table a.b alter column c set not null',
      'alter table a.other validate constraint k; alter table a.b alter column c set not null',
    ],
    safe: [
      'alter table a.b validate constraint c_there; alter table a.b alter column c set not null',
      'alter table a.b alter column c drop not null',
    ],
  },
  foreign_key_checked_at_once: {
    unsafe: [
      'alter table a.b add constraint k foreign key (c) references a.d (e)',
      'alter table a.b add column c int references a.d (e)',
    ],
    safe: ['alter table a.b add constraint k foreign key (c) references a.d (e) not valid'],
  },
  check_checked_at_once: {
    unsafe: ['alter table a.b add constraint k check (c > 1)', 'alter table a.b add column c int check (c > 1)'],
    safe: [
      'alter table a.b add constraint k check (c > 1) not valid',
      'create table a.n (c int check (c > 1)); alter table a.n add check (c < 9)',
    ],
  },
  constraint_that_builds_an_index: {
    unsafe: [
      'alter table a.b add unique (c)',
      'alter table a.b add primary key (c)',
      'alter table a.b add exclude using gist (c with &&)',
      'alter table a.b add column c int unique',
    ],
    safe: ['alter table a.b add constraint k unique using index b_c', 'create table a.n (c int primary key)'],
  },
  index_built_under_lock: {
    unsafe: ['create index i on a.b (c)', 'create table a.n (c int); create unique index i on a.b (c)'],
    safe: [`${outside}create index concurrently i on a.b (c)`, 'create table a.n (c int); create index i on a.n (c)'],
  },
  index_dropped_under_lock: {
    unsafe: ['drop index a.i'],
    safe: [`${outside}drop index concurrently if exists a.i`],
  },
  concurrently_within_a_transaction: {
    unsafe: ['create index concurrently i on a.b (c)', 'drop index concurrently a.i'],
    safe: [`${outside}create index concurrently i on a.b (c)`],
  },
  renamed: {
    unsafe: [
      'alter table a.b rename column c to d',
      'alter table a.b rename to d',
      'alter view a.v rename to w',
      'alter schema a rename to b',
    ],
    safe: ['alter index a.i rename to j', 'alter table a.b rename constraint k to l'],
  },
  moved_to_another_schema: {
    unsafe: ['alter table a.b set schema c'],
    safe: ['create table a.n (c int); alter table a.n set schema d'],
  },
  column_dropped: {
    unsafe: ['alter table a.b drop column c', 'alter table a.b add column d int, drop column if exists c'],
    safe: ['alter table a.b drop constraint c'],
  },
  dropped: {
    unsafe: ['drop table a.b', 'drop view a.v', 'drop schema a cascade', 'drop function a.f', 'drop type a.t'],
    safe: ['create table a.n (c int); drop table a.n', 'drop trigger t on a.b'],
  },
  default_dropped: {
    unsafe: ['alter table a.b alter column c drop default'],
    safe: ['alter table a.b alter column c set default 2'],
  },
  grant_taken_away: {
    unsafe: ['revoke select on a.b from jidoka_app', 'revoke usage on schema a from jidoka_app'],
    safe: ['grant select on a.b to jidoka_app', 'create table a.n (c int); revoke all on a.n from jidoka_app'],
  },
  row_security_weakened: {
    unsafe: ['alter table a.b disable row level security', 'alter table a.b no force row level security'],
    safe: ['alter table a.b enable row level security', 'alter table a.b force row level security'],
  },
  lock_taken: { unsafe: ['lock table a.b', 'lock a.b in share mode'], safe: ['select 1'] },
  rewritten: {
    unsafe: [
      'vacuum full a.b',
      'cluster a.b using i',
      'alter table a.b set unlogged',
      'alter table a.b set tablespace t',
    ],
    safe: ['vacuum a.b', 'alter table a.b set (fillfactor = 90)'],
  },
  rebuilt_under_lock: {
    unsafe: ['reindex table a.b', 'refresh materialized view a.v'],
    safe: ['reindex table concurrently a.b', 'refresh materialized view concurrently a.v'],
  },
  rows_changed: {
    unsafe: ['update a.b set c = 1', 'update a.b set c = 1 where d = 2', 'delete from a.b'],
    safe: ['create table a.n (c int); insert into a.n values (1); update a.n set c = 2'],
  },
  rows_copied: {
    unsafe: [
      'insert into a.n select * from a.b',
      'create table a.n as select * from a.b',
      'with b as (select 1) insert into a.n select * from a.b',
    ],
    safe: [`insert into a.n values ('x')`, 'insert into a.n with w as (select 1) select * from w'],
  },
  emptied: { unsafe: ['truncate a.b'], safe: ['create table a.n (c int); truncate a.n'] },
  partition_detached_under_lock: {
    unsafe: ['alter table a.b detach partition a.p'],
    safe: ['alter table a.b detach partition a.p concurrently'],
  },
  partition_attached: {
    unsafe: [`alter table a.b attach partition a.p for values from ('1') to ('2')`],
    safe: [`create table a.n (c int) partition by range (c); alter table a.n attach partition a.p default`],
  },
  hidden_from_this_check: {
    unsafe: ['do $$ begin update a.b set c = 1; end $$'],
    safe: ['create function a.f() returns void language sql as $$ update a.b set c = 1 $$'],
  },
}

describe('the check of migrations', () => {
  it.each(Object.keys(unsafeStatements) as UnsafeName[])('finds %s, and lets what is near to it pass', async (name) => {
    const { unsafe, safe } = examples[name]
    const finds = async (sql: string) => (await unsafeIn(sql)).some((finding) => finding.name === name)
    for (const sql of unsafe) expect([sql, await finds(sql)]).toEqual([sql, true])
    for (const sql of safe) expect([sql, await finds(sql)]).toEqual([sql, false])
  })

  it('names the statement that it means, and not the comment before it', async () => {
    expect(await unsafeIn(`-- 온도\ncreate table a.n (c int);\n-- 압력\nlock table a.b;`)).toEqual([
      { name: 'lock_taken', target: 'a.b', text: 'lock table a.b' },
    ])
  })

  it.each(allMigrations())('finds nothing in $name that is not accepted with a reason', async ({ name, up }) => {
    const found = (await unsafeIn(up)).filter((finding) => !isAccepted(name, finding))
    const told = found.map(
      (finding) =>
        `${finding.name} (${finding.target}): ${unsafeStatements[finding.name].costs}. Instead: ${unsafeStatements[finding.name].instead} Or accept it in accepted-statements.ts, and say why.`,
    )
    expect(told).toEqual([])
  })

  it('accepts nothing that stands in no migration', async () => {
    const standing = new Set<string>()
    for (const { name: migration, up } of allMigrations())
      for (const { name, target } of await unsafeIn(up)) standing.add(`${migration} ${name} ${target}`)
    const stale = acceptedStatements.filter((each) => !standing.has(`${each.migration} ${each.name} ${each.target}`))
    expect(stale).toEqual([])
  })
})
