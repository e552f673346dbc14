-- What a tag did in ten minutes of source time, of numbers and booleans (0 and 1). Written with the readings in one transaction.
-- None of instants so far off that their readings get no partition of a month: only a broken clock says them, and each costs a row here.
-- Ten and not one: a minute's row costs as much as the sixty readings that it sums up.
create table core.reading_rollups (
  tag_no bigint not null,
  bucket_at timestamptz not null,
  count bigint not null,
  sum double precision not null,
  min double precision not null,
  max double precision not null,
  -- The value with the latest source time.
  last double precision not null,
  last_at timestamptz not null,
  stream_id integer not null references fleet.reading_streams (stream_id),
  tenant_id text not null,
  primary key (stream_id, tag_no, bucket_at)
) with (fillfactor = 70);
select jidoka.protect('core.reading_rollups', 'select, insert, update');

-- What is held of each 65,536 numbers of a lane, as it was when it was received: the stored rows are held against it.
create table fleet.ranges (
  tenant_id text not null,
  edge_id uuid not null,
  epoch uuid not null,
  lane text not null check (lane in ('records', 'readings')),
  range bigint not null,
  -- The first row that is counted. Rows before it, of an older version that counted nothing, may lie in the same range: they are let be.
  from_seq bigint not null,
  -- The last row that came; of dropped rows there is nothing.
  up_to_seq bigint not null,
  count bigint not null,
  -- RangeSum, 64 bits in hexadecimal.
  sum text not null,
  -- Batches whose readings lie in rows of their own; null once they are merged. From four on it pays.
  apart integer,
  -- While they are being merged: tags up to this one are.
  merged_tag_no bigint,
  primary key (tenant_id, edge_id, epoch, lane, range),
  foreign key (tenant_id, edge_id) references fleet.edges (tenant_id, id)
) with (fillfactor = 70);
create index ranges_apart on fleet.ranges (tenant_id, edge_id, epoch, range) where apart >= 4 and lane = 'readings';
select jidoka.protect('fleet.ranges', 'select, insert, update');
