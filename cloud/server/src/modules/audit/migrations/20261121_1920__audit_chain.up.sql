-- Null on entries of before the chain; they are adopted when it begins (docs/adr/0026).
alter table audit.audit_logs add column mac bytea;

create or replace function audit.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '%.% is append-only', tg_table_schema, tg_table_name using errcode = 'insufficient_privilege';
end $$;

-- One link for each entry, in the order in which they were sealed.
create table audit.chain (
  tenant_id text not null references core.tenants,
  position bigint not null check (position > 0),
  entry_id uuid not null,
  sealed_at timestamptz not null,
  -- sha256 over the hash of the link before, the position, the time and the entry.
  hash bytea not null check (octet_length(hash) = 32),
  primary key (tenant_id, position),
  unique (tenant_id, entry_id)
);
select jidoka.protect('audit.chain', 'select, insert');
create trigger append_only before update or delete on audit.chain for each row execute function audit.refuse_change();
create trigger append_only_whole before truncate on audit.chain for each statement execute function audit.refuse_change();

-- Signed by a key that the database does not hold: up to here the chain was this one.
create table audit.checkpoints (
  tenant_id text not null references core.tenants,
  at timestamptz not null,
  position bigint not null,
  hash bytea not null,
  -- Entries up to here may lack a mac: they are older than the chain.
  adopted bigint not null,
  key_id text not null,
  signature bytea not null,
  primary key (tenant_id, at, position)
);
create index checkpoints_position on audit.checkpoints (tenant_id, position, at);
select jidoka.protect('audit.checkpoints', 'select, insert');
create trigger append_only before update or delete on audit.checkpoints for each row execute function audit.refuse_change();
create trigger append_only_whole before truncate on audit.checkpoints for each statement execute function audit.refuse_change();

-- Entries without a link yet, oldest first. The directory role is told whose, so that nobody walks through all tenants.
create table audit.unsealed (
  tenant_id text not null references core.tenants,
  at timestamptz not null,
  entry_id uuid not null,
  primary key (tenant_id, at, entry_id)
);
select jidoka.protect('audit.unsealed', 'select, insert, delete');
select jidoka.publish_to_directory('audit.unsealed', 'tenant_id');

-- What the last verification of a tenant's chain found.
create table audit.verifications (
  tenant_id text primary key references core.tenants,
  verified_at timestamptz not null,
  position bigint not null,
  findings jsonb not null
);
select jidoka.protect('audit.verifications', 'select, insert, update');

create function audit.note_unsealed() returns trigger language plpgsql as $$
begin
  insert into audit.unsealed (tenant_id, at, entry_id) select tenant_id, at, id from fresh;
  return null;
end $$;
create trigger note_unsealed after insert on audit.audit_logs referencing new table as fresh
  for each statement execute function audit.note_unsealed();

-- What is there already is sealed by the program, in batches. Row security hides it from a plain owner, so it is read as each tenant.
do $$
declare
  tenants text[];
  tenant text;
begin
  perform set_config('role', 'jidoka_directory', true);
  select coalesce(array_agg(id), '{}') into tenants from core.tenants;
  perform set_config('role', 'jidoka_app', true);
  foreach tenant in array tenants loop
    perform set_config('jidoka.tenant_id', tenant, true);
    insert into audit.unsealed (tenant_id, at, entry_id) select tenant_id, at, id from audit.audit_logs where tenant_id = tenant;
  end loop;
  perform set_config('jidoka.tenant_id', '', true);
  perform set_config('role', 'none', true);
end $$;
