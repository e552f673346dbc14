-- Secrets of a tenant, sealed: the value is readable with a master key alone, which no database holds.
create table core.secrets (
  tenant_id text not null references core.tenants,
  name text not null,
  purpose text not null,
  sealed bytea not null,
  -- Of the master key that the data key inside is wrapped by.
  key_id text not null,
  version integer not null,
  updated_at timestamptz not null,
  updated_by text not null,
  primary key (tenant_id, name)
);
-- What a rotation has left to do.
create index secrets_key on core.secrets (tenant_id, key_id);
select jidoka.protect('core.secrets', 'select, insert, update, delete');

-- Texts as they were before what is personal in them was masked.
create table core.pii_originals (
  tenant_id text not null references core.tenants,
  id uuid not null,
  subject text not null,
  masked text not null,
  sealed bytea not null,
  key_id text not null,
  kept_at timestamptz not null,
  kept_by text not null,
  primary key (tenant_id, id)
);
create index pii_originals_key on core.pii_originals (tenant_id, key_id);
select jidoka.protect('core.pii_originals', 'select, insert, update, delete');
