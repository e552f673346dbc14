-- Readings in a quarter of the bytes: times as what they differ from an even step, decimal numbers as small whole ones, and one number
-- for tenant, edge and life in every row and index entry instead of two ids of sixteen bytes.

-- The readings of one life of an edge.
create table fleet.reading_streams (
  tenant_id text not null,
  edge_id uuid not null,
  epoch uuid not null,
  stream_id integer generated always as identity unique,
  primary key (tenant_id, edge_id, epoch),
  foreign key (tenant_id, edge_id) references fleet.edges (tenant_id, id)
);
-- Forced row security would hide the rows of an older database from a plain owner while they move.
alter table core.reading_segments no force row level security;
alter table core.reading_segments_default no force row level security;
insert into fleet.reading_streams (tenant_id, edge_id, epoch)
select distinct tenant_id, edge_id, epoch from core.reading_segments;

drop view core.sensor_events;
-- The old table goes aside and is read where it lies: each reading is written once, to the partition where it stays.
create schema jidoka_compacting;
do $$
declare
  part regclass;
begin
  for part in select inhrelid from pg_inherits where inhparent = 'core.reading_segments'::regclass loop
    execute format('alter table %s set schema jidoka_compacting', part);
  end loop;
end $$;
alter table core.reading_segments set schema jidoka_compacting;

-- One row for a stretch of readings of one tag and kind, in order of arrival, within one range of 65,536 numbers of the lane.
-- Reading n (from 0) is at from_at + step_ms * n + dt[n], and its number is (base + scaled[n]) / divisor: the very same float, as
-- the writer has tried. The columns are in the order that leaves no padding between them.
create table core.reading_segments (
  -- Number of the first reading in its lane.
  first_seq bigint not null,
  tag_no bigint not null,
  from_at timestamptz not null,
  to_at timestamptz not null,
  base bigint,
  stream_id integer not null,
  count integer not null,
  step_ms integer not null,
  -- A power of ten; null where the numbers are in `numbers`.
  divisor integer,
  -- 0 number, 1 boolean (as 0 and 1), 2 text.
  kind smallint not null,
  tenant_id text not null,
  -- Null of both: all zero.
  dt smallint[],
  dt_wide integer[],
  scaled smallint[],
  scaled_wide integer[],
  -- Numbers that are no short decimals.
  numbers double precision[],
  texts text[],
  -- OPC UA classes 0 good, 1 uncertain, 2 bad; null when all are good.
  qualities smallint[],
  -- What the columns cannot hold (years before 1970 and after 9999, U+0000), as JSON; null nearly always.
  exact text,
  primary key (stream_id, first_seq, from_at)
) partition by range (from_at);
create index reading_segments_tag on core.reading_segments (stream_id, tag_no, to_at);
create table core.reading_segments_default partition of core.reading_segments default;
-- Before the rows: made behind them, each would move its own out of the default partition.
select jidoka.make_month_partition('core.reading_segments', to_date(substring(c.relname from '_y(\d{4}m\d{2})$'), 'YYYY"m"MM'))
from pg_inherits i join pg_class c on c.oid = i.inhrelid
where i.inhparent = 'jidoka_compacting.reading_segments'::regclass and c.relname like 'reading\_segments\_y%';

insert into core.reading_segments
  (tenant_id, stream_id, first_seq, tag_no, kind, from_at, to_at, count, step_ms, dt_wide, base, divisor, scaled, numbers, texts, qualities)
select k.tenant_id, s.stream_id, k.first_seq, k.tag_no, case k.kind when 'number' then 0 when 'boolean' then 1 else 2 end,
  k.from_at, k.to_at, k.count, 0, k.dt,
  case k.kind when 'boolean' then 0 end, case k.kind when 'boolean' then 1 end, case k.kind when 'boolean' then k.numbers::smallint[] end,
  case k.kind when 'number' then k.numbers end, k.texts, k.qualities
from jidoka_compacting.reading_segments k join fleet.reading_streams s using (tenant_id, edge_id, epoch);

do $$
declare
  were record;
  are record;
begin
  select count(*) as rows, sum(count) as readings into were from jidoka_compacting.reading_segments;
  select count(*) as rows, sum(count) as readings into are from core.reading_segments;
  if are is distinct from were then
    raise exception 'compacting the readings would lose some: % rows of % readings became % of %', were.rows, were.readings, are.rows, are.readings
      using hint = 'Nothing has changed. Keep to the version that ran before.';
  end if;
end $$;
drop schema jidoka_compacting cascade;

select jidoka.protect('fleet.reading_streams', 'select, insert');
select jidoka.protect('core.reading_segments', 'select, insert, delete');
select jidoka.protect('core.reading_segments_default', 'select, insert');
revoke all on core.reading_segments_default from jidoka_app;

-- Sensor events for everybody's SQL. With the rights of whoever asks, so that row-level security stays in force.
create view core.sensor_events with (security_invoker = true) as
select s.tenant_id, r.edge_id, t.line, t.equipment, t.sensor as sensor_type, t.key as tag_key, s.tag_no,
  case s.kind when 0 then 'number' when 1 then 'boolean' else 'text' end as kind,
  case when s.divisor is null then u.number else (s.base + u.number) / s.divisor end as value,
  u.text as text_value, t.unit, coalesce(u.quality, 0::smallint) as quality,
  s.from_at + (s.step_ms * (u.n - 1) + coalesce(u.dt, 0)) * interval '1 millisecond' as time, s.from_at, s.to_at
from core.reading_segments s
join fleet.reading_streams r on r.stream_id = s.stream_id
left join fleet.tags t on t.tenant_id = r.tenant_id and t.edge_id = r.edge_id and t.epoch = r.epoch and t.tag_no = s.tag_no
cross join lateral unnest(
  coalesce(s.dt_wide, s.dt::integer[]), coalesce(s.numbers, s.scaled::double precision[], s.scaled_wide::double precision[]), s.texts, s.qualities)
  with ordinality as u (dt, number, text, quality, n);
grant select on core.sensor_events to jidoka_app;
