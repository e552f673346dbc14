-- An index of the whole takes over those of its partitions, and builds them where a cold month has none.
create index judgment_executions_workflow on core.judgment_executions (tenant_id, workflow_id, executed_at desc, execution_id desc);
create index judgment_executions_time on core.judgment_executions (tenant_id, executed_at desc, execution_id desc);
create index reading_segments_tag on core.reading_segments (stream_id, tag_no, to_at);

create or replace function jidoka.make_month_partition(parent regclass, month date) returns void language plpgsql as $$
declare
  first_day date := date_trunc('month', month)::date;
  next_day date := (date_trunc('month', month) + interval '1 month')::date;
  parent_schema text;
  parent_name text;
  part_name text;
  key_column text;
begin
  select n.nspname, c.relname into parent_schema, parent_name from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = parent;
  select a.attname into key_column from pg_partitioned_table p join pg_attribute a on a.attrelid = p.partrelid and a.attnum = p.partattrs[0] where p.partrelid = parent;
  part_name := parent_name || to_char(first_day, '"_y"YYYY"m"MM');
  perform pg_advisory_xact_lock(hashtext('jidoka.partition'), hashtext(part_name));
  if to_regclass(format('%I.%I', parent_schema, part_name)) is not null then
    return;
  end if;
  execute format('create table %I.%I (like %s including all)', parent_schema, part_name, parent);
  -- Forced row security would hide the default partition's rows from a plain owner while they move.
  execute format('alter table %I.%I no force row level security', parent_schema, parent_name || '_default');
  execute format(
    'with moved as (delete from %1$I.%2$I where %3$I >= %4$L::timestamptz and %3$I < %5$L::timestamptz returning *) insert into %1$I.%6$I select * from moved',
    parent_schema, parent_name || '_default', key_column, first_day::text || ' 00:00+00', next_day::text || ' 00:00+00', part_name);
  execute format('alter table %I.%I force row level security', parent_schema, parent_name || '_default');
  execute format('alter table %s attach partition %I.%I for values from (%L) to (%L)', parent, parent_schema, part_name, first_day::text || ' 00:00+00', next_day::text || ' 00:00+00');
  execute format('alter table %I.%I enable row level security', parent_schema, part_name);
  execute format('alter table %I.%I force row level security', parent_schema, part_name);
  execute format('create policy tenant on %I.%I to jidoka_app using (tenant_id = jidoka.tenant()) with check (tenant_id = jidoka.tenant())', parent_schema, part_name);
end $$;
drop function jidoka.make_partition(regclass, date, date, text);
