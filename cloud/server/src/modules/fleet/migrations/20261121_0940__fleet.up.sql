create table fleet.sites (
  tenant_id text not null references core.tenants,
  code text not null,
  name jsonb not null,
  time_zone text not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, code)
);
select jidoka.protect('fleet.sites', 'select, insert, update');

create table fleet.edges (
  tenant_id text not null,
  id uuid not null,
  site_code text not null,
  name text not null,
  public_key text not null,
  -- The life of the edge's data folder whose rows are taken now; null before the first batch.
  epoch uuid,
  program_version text not null,
  enrolled_at timestamptz not null,
  seen_at timestamptz,
  revoked_at timestamptz,
  -- Counts the changes of the edge's desired state; its row lock puts them in order of commit.
  desired_seq bigint not null default 0,
  -- Handle of the edge's shape: a new one makes the edge fetch everything again.
  shape_handle uuid not null default gen_random_uuid(),
  primary key (tenant_id, id),
  unique (id),
  foreign key (tenant_id, site_code) references fleet.sites (tenant_id, code)
);
create index edges_public_key on fleet.edges (tenant_id, public_key);
select jidoka.protect('fleet.edges', 'select, insert, update');
select jidoka.publish_to_directory('fleet.edges', 'tenant_id, id, public_key, revoked_at');

-- Lives of data folders that have had their time: what still comes from one is a copy, or was restored from an old image.
create table fleet.superseded_epochs (
  tenant_id text not null,
  edge_id uuid not null,
  epoch uuid not null,
  superseded_at timestamptz not null,
  primary key (tenant_id, edge_id, epoch),
  foreign key (tenant_id, edge_id) references fleet.edges (tenant_id, id)
);
select jidoka.protect('fleet.superseded_epochs', 'select, insert');

create table fleet.enrolments (
  tenant_id text not null,
  token_hash text primary key,
  site_code text not null,
  created_by text not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  edge_id uuid,
  foreign key (tenant_id, site_code) references fleet.sites (tenant_id, code)
);
select jidoka.protect('fleet.enrolments', 'select, insert, update');
select jidoka.publish_to_directory('fleet.enrolments', 'tenant_id, token_hash');

-- What each edge shall be. A row that is taken back stays as a mark, so that versions of an item never begin anew.
create table fleet.desired (
  tenant_id text not null,
  edge_id uuid not null,
  kind text not null,
  key text not null,
  id uuid not null,
  version bigint not null,
  body jsonb not null,
  changed_at timestamptz not null,
  changed_by text not null,
  deleted boolean not null default false,
  primary key (tenant_id, edge_id, kind, key),
  foreign key (tenant_id, edge_id) references fleet.edges (tenant_id, id)
);
create index desired_item on fleet.desired (tenant_id, kind, key);
select jidoka.protect('fleet.desired', 'select, insert, update');

-- The log that shapes are served from: every change of an edge's desired state, numbered without gaps.
create table fleet.desired_changes (
  tenant_id text not null,
  edge_id uuid not null,
  seq bigint not null,
  operation text not null check (operation in ('insert', 'update', 'delete')),
  id uuid not null,
  kind text not null,
  key text not null,
  version bigint not null,
  -- As text: it leaves as it lies, and Electric's JSON has every column as text.
  body text not null,
  primary key (tenant_id, edge_id, seq),
  foreign key (tenant_id, edge_id) references fleet.edges (tenant_id, id)
);
select jidoka.protect('fleet.desired_changes', 'select, insert, delete');

create table fleet.reported (
  tenant_id text not null,
  edge_id uuid not null,
  kind text not null,
  key text not null,
  version bigint not null,
  state text not null,
  problem text,
  rule_hash text,
  reported_at timestamptz not null,
  primary key (tenant_id, edge_id, kind, key),
  foreign key (tenant_id, edge_id) references fleet.edges (tenant_id, id)
);
select jidoka.protect('fleet.reported', 'select, insert, update');

-- Up to where each lane of each life of an edge is here, and the running digest of what is.
create table fleet.cursors (
  tenant_id text not null,
  edge_id uuid not null,
  epoch uuid not null,
  lane text not null check (lane in ('records', 'readings')),
  received_seq bigint not null default 0,
  rows_total bigint not null default 0,
  digest text not null default '0000000000000000',
  received_at timestamptz,
  primary key (tenant_id, edge_id, epoch, lane),
  foreign key (tenant_id, edge_id) references fleet.edges (tenant_id, id)
);
select jidoka.protect('fleet.cursors', 'select, insert, update');

create table fleet.receipts (
  tenant_id text not null,
  edge_id uuid not null,
  epoch uuid not null,
  lane text not null,
  up_to_seq bigint not null,
  body jsonb not null,
  received_at timestamptz not null,
  primary key (tenant_id, edge_id, epoch, lane, up_to_seq),
  foreign key (tenant_id, edge_id) references fleet.edges (tenant_id, id)
);
select jidoka.protect('fleet.receipts', 'select, insert, delete');

create table fleet.tags (
  tenant_id text not null,
  edge_id uuid not null,
  epoch uuid not null,
  tag_no bigint not null,
  key text not null,
  line text not null,
  equipment text,
  sensor text not null,
  kind text not null,
  unit text not null,
  primary key (tenant_id, edge_id, epoch, tag_no),
  foreign key (tenant_id, edge_id) references fleet.edges (tenant_id, id)
);
select jidoka.protect('fleet.tags', 'select, insert, update');

-- The last value of each tag and the last numbers before it. By number and not by key: readings may arrive before the record that names their tag.
create table fleet.tag_values (
  tenant_id text not null,
  edge_id uuid not null,
  epoch uuid not null,
  tag_no bigint not null,
  value jsonb not null,
  quality smallint not null,
  at timestamptz not null,
  received_at timestamptz not null,
  recent double precision[] not null,
  primary key (tenant_id, edge_id, epoch, tag_no),
  foreign key (tenant_id, edge_id) references fleet.edges (tenant_id, id)
) with (fillfactor = 50);
select jidoka.protect('fleet.tag_values', 'select, insert, update');

create table fleet.outages (
  tenant_id text not null,
  edge_id uuid not null,
  epoch uuid not null,
  seq bigint not null,
  from_at timestamptz not null,
  to_at timestamptz,
  cause text not null,
  rows_waiting bigint not null,
  primary key (tenant_id, edge_id, epoch, seq),
  foreign key (tenant_id, edge_id) references fleet.edges (tenant_id, id)
);
select jidoka.protect('fleet.outages', 'select, insert');

-- Rows that are gone for good, by sequence: no gap is silent (I2). `source_seq` is the record that said so; null of a range that its lane itself sent as dropped.
create table fleet.drops (
  tenant_id text not null,
  edge_id uuid not null,
  epoch uuid not null,
  lane text not null,
  from_seq bigint not null,
  to_seq bigint not null,
  reason text not null,
  source_seq bigint,
  reported_at timestamptz not null,
  primary key (tenant_id, edge_id, epoch, lane, from_seq, to_seq),
  foreign key (tenant_id, edge_id) references fleet.edges (tenant_id, id)
);
select jidoka.protect('fleet.drops', 'select, insert');

create table core.events (
  tenant_id text not null,
  edge_id uuid not null,
  source text not null,
  source_key text not null,
  type text not null,
  line text not null,
  occurred_at timestamptz not null,
  received_at timestamptz not null,
  body jsonb not null,
  primary key (tenant_id, edge_id, source, source_key),
  foreign key (tenant_id, edge_id) references fleet.edges (tenant_id, id)
);
create index events_line on core.events (tenant_id, line, occurred_at desc);
select jidoka.protect('core.events', 'select, insert');

-- Readings as they arrive: one row for each tag and batch, times and values in arrays, in order of arrival. Ten times the
-- speed and a seventh of the bytes of a row for each reading. `first_seq` is the sequence number of the row's first reading,
-- which makes a second delivery the same row.
create table core.reading_segments (
  tenant_id text not null,
  edge_id uuid not null,
  epoch uuid not null,
  first_seq bigint not null,
  tag_no bigint not null,
  kind text not null,
  -- Earliest and latest source time; `dt` counts milliseconds from the earliest.
  from_at timestamptz not null,
  to_at timestamptz not null,
  count integer not null,
  dt integer[] not null,
  -- Numbers, and booleans as 0 and 1; null of texts.
  numbers double precision[],
  texts text[],
  -- OPC UA classes 0 good, 1 uncertain, 2 bad; null when all are good.
  qualities smallint[],
  received_at timestamptz not null,
  primary key (tenant_id, edge_id, epoch, first_seq, from_at)
) partition by range (from_at);
create index reading_segments_tag on core.reading_segments (tenant_id, edge_id, tag_no, to_at);
create table core.reading_segments_default partition of core.reading_segments default;
select jidoka.protect('core.reading_segments', 'select, insert');
select jidoka.protect('core.reading_segments_default', 'select, insert');
revoke all on core.reading_segments_default from jidoka_app;

-- Sensor events for everybody's SQL. With the rights of whoever asks, so that row-level security stays in force.
create view core.sensor_events with (security_invoker = true) as
select s.tenant_id, s.edge_id, t.line, t.equipment, t.sensor as sensor_type, t.key as tag_key, s.tag_no, s.kind,
  u.number as value, u.text as text_value, t.unit, coalesce(u.quality, 0::smallint) as quality,
  s.from_at + u.dt * interval '1 millisecond' as time, s.from_at, s.to_at
from core.reading_segments s
left join fleet.tags t on t.tenant_id = s.tenant_id and t.edge_id = s.edge_id and t.epoch = s.epoch and t.tag_no = s.tag_no
cross join lateral unnest(s.dt, s.numbers, s.texts, s.qualities) as u (dt, number, text, quality);
grant select on core.sensor_events to jidoka_app;
