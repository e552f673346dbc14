-- The number before which a lane of an epoch holds nothing, as its first batch said; null before that, and of epochs from before this
-- was kept, which all begin with 1.
alter table fleet.cursors add column start_seq bigint;

-- Where an edge and this database hold different histories of one epoch: it was copied, or restored from an image. One row for each
-- stretch of time until a person has settled it; told again while it stands, it is the same row.
create table fleet.troubles (
  tenant_id text not null,
  id uuid not null,
  edge_id uuid not null,
  epoch uuid not null,
  lane text not null check (lane in ('records', 'readings')),
  kind text not null check (kind in ('diverged', 'ahead')),
  -- Up to which number the two were compared.
  seq bigint not null,
  -- What the edge holds there, as it says.
  held_seq bigint not null,
  held_count bigint not null,
  held_digest text not null,
  -- Where the lane stood here when it was told.
  ours_seq bigint not null,
  ours_count bigint not null,
  ours_digest text not null,
  told_by text not null check (told_by in ('cloud', 'edge')),
  since timestamptz not null,
  last_at timestamptz not null,
  times integer not null default 1,
  settled_at timestamptz,
  settled_by text,
  reason text,
  primary key (tenant_id, id),
  foreign key (tenant_id, edge_id) references fleet.edges (tenant_id, id)
);
create unique index troubles_open on fleet.troubles (tenant_id, edge_id, epoch, lane, kind) where settled_at is null;
create index troubles_edge on fleet.troubles (tenant_id, edge_id, since desc);
select jidoka.protect('fleet.troubles', 'select, insert, update, delete');

-- Of a command that is done: what it found.
alter table fleet.reported add column result jsonb;

-- Null of outages that edges told before protocol 1.2, and of one whose rows are not all here yet.
alter table fleet.outages
  add column drained_at timestamptz,
  add column dropped jsonb,
  add column receipted jsonb;
create index outages_edge on fleet.outages (tenant_id, edge_id, from_at desc, seq desc);

-- What a command has made, in pieces: a value of 16 MB would be held three times over by whoever reads it.
create table fleet.bundles (
  tenant_id text not null,
  edge_id uuid not null,
  command_id uuid not null,
  bytes bigint not null,
  received_at timestamptz not null,
  primary key (tenant_id, edge_id, command_id),
  foreign key (tenant_id, edge_id) references fleet.edges (tenant_id, id)
);
select jidoka.protect('fleet.bundles', 'select, insert, update, delete');

create table fleet.bundle_pieces (
  tenant_id text not null,
  edge_id uuid not null,
  command_id uuid not null,
  no integer not null,
  body bytea not null,
  primary key (tenant_id, edge_id, command_id, no),
  foreign key (tenant_id, edge_id, command_id) references fleet.bundles (tenant_id, edge_id, command_id) on delete cascade
);
-- It is compressed already.
alter table fleet.bundle_pieces alter column body set storage external;
select jidoka.protect('fleet.bundle_pieces', 'select, insert, delete');
