-- X25519: what courier files to this edge are encrypted to; null until the edge has told it.
alter table fleet.edges add column courier_key text;

-- Courier files that were sent here by hand: one that is not whole yet, or waits for rows before it, and what became of the others.
create table fleet.courier_files (
  tenant_id text not null,
  file_id uuid not null,
  edge_id uuid not null,
  epoch uuid not null,
  state text not null check (state in ('receiving', 'checking', 'applying', 'waiting', 'done', 'refused')),
  problem text,
  bytes bigint not null,
  pieces integer not null,
  -- Known once the file has been read to its end.
  batches integer,
  batches_applied integer not null default 0,
  rows_new bigint not null default 0,
  records_from bigint,
  records_to bigint,
  readings_from bigint,
  readings_to bigint,
  -- Of one that waits: up to where each lane must have come before it can go on; null of a lane that does not wait.
  records_missing_to bigint,
  readings_missing_to bigint,
  created_at timestamptz not null,
  begun_at timestamptz not null,
  begun_by text not null,
  touched_at timestamptz not null,
  ended_at timestamptz,
  -- Which process works on it, and until when unless it says so again; one that has died lets it go by that.
  leased_by uuid,
  leased_until timestamptz,
  primary key (tenant_id, file_id),
  foreign key (tenant_id, edge_id) references fleet.edges (tenant_id, id)
);
select jidoka.protect('fleet.courier_files', 'select, insert, update, delete');

-- The bytes of files that are not done, as they came: encrypted until the moment that they are applied.
create table fleet.courier_pieces (
  tenant_id text not null,
  file_id uuid not null,
  no integer not null,
  body bytea not null,
  primary key (tenant_id, file_id, no),
  foreign key (tenant_id, file_id) references fleet.courier_files (tenant_id, file_id) on delete cascade
);
-- What is encrypted gets no smaller.
alter table fleet.courier_pieces alter column body set storage external;
select jidoka.protect('fleet.courier_pieces', 'select, insert, delete');
