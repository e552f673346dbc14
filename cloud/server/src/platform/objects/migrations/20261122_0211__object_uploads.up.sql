-- Null: what the settings give every tenant.
alter table core.tenants add column object_bytes_max bigint;
alter table core.tenants add column object_files_max bigint;

-- Links by which one file can be put, once (ADR 0034). What is promised counts as used until it has come, or the link has ended.
create table core.object_uploads (
  tenant_id text not null references core.tenants,
  id uuid not null,
  key text not null,
  kind text not null,
  content_type text not null,
  -- As declared; what comes is stored when it is just that.
  bytes bigint not null,
  sha256 text not null,
  created_at timestamptz not null,
  created_by text not null,
  expires_at timestamptz not null,
  attempts integer not null default 0,
  -- Of what was stored by it.
  object_id uuid,
  stored_at timestamptz,
  primary key (tenant_id, id)
);
create index object_uploads_ending on core.object_uploads (tenant_id, expires_at);
select jidoka.protect('core.object_uploads', 'select, insert, update, delete');
