-- Files of tenants. The bytes lie sealed in a bucket or a folder under tenant and id; what somebody calls them stands here alone (ADR 0034).
create table core.objects (
  tenant_id text not null references core.tenants,
  id uuid not null,
  key text collate "C" not null,
  kind text not null,
  content_type text not null,
  state text not null check (state in ('writing', 'stored', 'removing')),
  state_at timestamptz not null,
  -- Of the plain bytes; null while they are written.
  bytes bigint,
  sha256 text,
  -- The data key, wrapped by a master key.
  sealed bytea not null,
  key_id text not null,
  created_at timestamptz not null,
  created_by text not null,
  expires_at timestamptz,
  primary key (tenant_id, id),
  check (state <> 'stored' or (bytes is not null and sha256 is not null))
);
create unique index objects_key on core.objects (tenant_id, key) where state = 'stored';
create index objects_leftovers on core.objects (tenant_id, state_at) where state <> 'stored';
create index objects_expiring on core.objects (tenant_id, expires_at) where expires_at is not null;
create index objects_master_key on core.objects (tenant_id, key_id);
select jidoka.protect('core.objects', 'select, insert, update, delete');
