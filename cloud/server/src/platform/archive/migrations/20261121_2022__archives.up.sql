-- Which tables a tenant wants to keep as files when their time in the database is over.
create table core.archive_settings (
  tenant_id text not null references core.tenants,
  table_name text not null,
  since timestamptz not null,
  set_by text not null,
  primary key (tenant_id, table_name)
);
select jidoka.protect('core.archive_settings', 'select, insert, delete');
-- Who drops a month must know who is waited for.
select jidoka.publish_to_directory('core.archive_settings', 'tenant_id, table_name');

-- One row for each tenant and partition, written when the file was read back and found the same: it is what allows the partition to be dropped.
create table core.archives (
  tenant_id text not null references core.tenants,
  id uuid not null,
  table_name text not null,
  partition_name text not null,
  from_at timestamptz not null,
  to_at timestamptz not null,
  rows bigint not null,
  bytes bigint not null,
  digest text not null,
  object_key text not null,
  archived_at timestamptz not null,
  -- Null: not in core.restored_rows.
  restore_state text check (restore_state in ('restoring', 'restored')),
  restored_by text,
  restored_until timestamptz,
  primary key (tenant_id, id),
  unique (tenant_id, partition_name)
);
create index archives_page on core.archives (tenant_id, from_at desc, id desc);
create index archives_restored on core.archives (tenant_id, restored_until) where restored_until is not null;
select jidoka.protect('core.archives', 'select, insert, update, delete');

-- Rows of archives that somebody wants to look at again, as they stand in the file.
create table core.restored_rows (
  tenant_id text not null,
  archive_id uuid not null,
  no bigint not null,
  row jsonb not null,
  primary key (tenant_id, archive_id, no),
  foreign key (tenant_id, archive_id) references core.archives (tenant_id, id)
);
select jidoka.protect('core.restored_rows', 'select, insert, delete');
