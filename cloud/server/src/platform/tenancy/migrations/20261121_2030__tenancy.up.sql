-- Which database serves a tenant, and moves between them. The directory (databases, places, moves) is that of the main database; the rest is of each database
-- for itself. All of it is the platform's and no tenant's: the roles of the program reach only what is granted at the end.

-- What this database is called, and in whose directory: two addresses of one database, or one of another installation, are found out by it.
create table jidoka.this_database (
  one boolean primary key default true check (one),
  name text not null,
  number integer not null,
  directory uuid not null
);

create table jidoka.databases (
  name text primary key,
  -- Numbers that are unique in a database alone (of the lives of edges) come from a range of the database's own, so that they stay what they are in a move.
  number integer not null unique check (number between 0 and 2046),
  known_since timestamptz not null default now()
);

-- Of tenants that are, or were, elsewhere than in the main database.
create table jidoka.tenant_places (
  tenant text primary key,
  database text not null references jidoka.databases,
  -- One more with each move.
  version bigint not null
);

create table jidoka.tenant_moves (
  id uuid primary key,
  tenant text not null,
  source text not null references jidoka.databases,
  target text not null references jidoka.databases,
  -- Of the place that is left.
  version bigint not null,
  step text not null check (step in ('copying', 'following', 'switched', 'dropped', 'cancelled')),
  cancel_asked boolean not null default false,
  -- Where the copy stands: the table, and the key of its last row as texts.
  table_name text,
  after_key jsonb,
  tables_done integer not null default 0,
  tables_total integer not null default 0,
  rows_copied bigint not null default 0,
  rows_verified bigint,
  -- For how long the tenant's writes waited.
  pause_ms integer,
  problem text,
  begun_at timestamptz not null,
  begun_by text not null,
  switched_at timestamptz,
  ended_at timestamptz,
  -- Who works on it, and until when unless it says so again.
  leased_by uuid,
  leased_until timestamptz
);
create unique index tenant_moves_open on jidoka.tenant_moves (tenant) where ended_at is null;
create index tenant_moves_begun on jidoka.tenant_moves (begun_at desc, id);

-- What this database knows of a tenant that moves or has moved. No row: it is here and has never moved.
create table jidoka.tenant_fences (
  tenant text primary key,
  version bigint not null,
  -- Null: here.
  went_to text,
  -- The only one that may write the tenant's rows in a database that it moves to.
  mover uuid
);

-- Keys of rows that were written while their tenant moves. What the row is now is read when it is taken over.
create table jidoka.tenant_changes (
  no bigint generated always as identity primary key,
  tenant text not null,
  table_name text not null,
  key jsonb not null
);
create index tenant_changes_tenant on jidoka.tenant_changes (tenant, no);

alter table jidoka.tenant_fences enable row level security;
create policy tenant on jidoka.tenant_fences to jidoka_app using (tenant = jidoka.tenant()) with check (tenant = jidoka.tenant());
grant select on jidoka.tenant_fences to jidoka_app;
alter table jidoka.tenant_changes enable row level security;
create policy tenant on jidoka.tenant_changes to jidoka_app using (tenant = jidoka.tenant()) with check (tenant = jidoka.tenant());
grant insert on jidoka.tenant_changes to jidoka_app;

-- Passes where the tenant is served here, at the version that the caller knows (null: whichever); otherwise says where.
create function jidoka.admit(asked text, known bigint) returns void language plpgsql as $$
declare
  fence jidoka.tenant_fences;
begin
  select * into fence from jidoka.tenant_fences f where f.tenant = asked;
  if fence.went_to is not null or fence.version <> known then
    raise exception 'the tenant % is served by another database', asked
      using errcode = 'JK001', detail = json_build_object('database', fence.went_to, 'version', fence.version)::text;
  end if;
end $$;

-- Held shared by each transaction that writes while its tenant moves; the mover takes it alone for the moment of the switch.
create function jidoka.tenant_lock(of_tenant text) returns bigint language sql immutable return hashtextextended('jidoka.tenant ' || of_tenant, 0);

-- Arguments: the tenant, the columns of the key, the column of the tenant.
create function jidoka.capture_change() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock_shared(jidoka.tenant_lock(tg_argv[0]));
  perform jidoka.admit(tg_argv[0], null);
  if tg_op <> 'DELETE' then
    execute format('insert into jidoka.tenant_changes (tenant, table_name, key) select $1, $2, to_jsonb(k) from (select %s from new_rows where %I = $1) k', tg_argv[1], tg_argv[2])
      using tg_argv[0], tg_table_schema || '.' || tg_table_name;
  end if;
  if tg_op <> 'INSERT' then
    execute format('insert into jidoka.tenant_changes (tenant, table_name, key) select $1, $2, to_jsonb(k) from (select %s from old_rows where %I = $1) k', tg_argv[1], tg_argv[2])
      using tg_argv[0], tg_table_schema || '.' || tg_table_name;
  end if;
  return null;
end $$;

-- Argument: the tenant. Of one that has moved away, until its rows are dropped.
create function jidoka.refuse_moved() returns trigger language plpgsql as $$
begin
  perform jidoka.admit(tg_argv[0], null);
  return null;
end $$;
