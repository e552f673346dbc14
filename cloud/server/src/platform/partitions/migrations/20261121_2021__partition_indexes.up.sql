-- Indexes belong to each partition by itself, made like those of the default partition: an index of the partitioned table could not be
-- dropped of one month alone, and cold months keep their primary key only.
do $$
declare
  parent regclass;
  parts text[];
  bounds text[];
  index regclass;
begin
  foreach parent in array array['core.judgment_executions', 'core.reading_segments']::regclass[] loop
    select array_agg(c.oid::regclass::text), array_agg(pg_get_expr(c.relpartbound, c.oid)) into parts, bounds
    from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = parent;
    -- Detached, a partition keeps its indexes when the one of the whole goes.
    for n in 1 .. array_length(parts, 1) loop
      execute format('alter table %s detach partition %s', parent, parts[n]);
    end loop;
    for index in select indexrelid from pg_index where indrelid = parent and not indisprimary loop
      execute format('drop index %s', index);
    end loop;
    for n in 1 .. array_length(parts, 1) loop
      execute format('alter table %s attach partition %s %s', parent, parts[n], bounds[n]);
    end loop;
  end loop;
end $$;

-- Makes a partition with the indexes of the default partition, and moves into it what that holds of its time. Safe to call again, and from
-- two programs at once. Whoever wants the default partition waits behind it, so it gives up (55P03) where somebody holds that for long. `suffix` as REFERENCE names months and quarters: `_y2026m11`, `_y2026q4`.
create function jidoka.make_partition(parent regclass, first_day date, next_day date, suffix text) returns void language plpgsql set lock_timeout = '2s' as $$
declare
  parent_schema text;
  parent_name text;
  part_name text;
  default_name text;
  key_column text;
begin
  select n.nspname, c.relname into parent_schema, parent_name from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = parent;
  select a.attname into key_column from pg_partitioned_table p join pg_attribute a on a.attrelid = p.partrelid and a.attnum = p.partattrs[0] where p.partrelid = parent;
  part_name := parent_name || suffix;
  default_name := parent_name || '_default';
  perform pg_advisory_xact_lock(hashtext('jidoka.partition'), hashtext(part_name));
  if to_regclass(format('%I.%I', parent_schema, part_name)) is not null then
    return;
  end if;
  execute format('create table %I.%I (like %I.%I including all)', parent_schema, part_name, parent_schema, default_name);
  -- Forced row security would hide the default partition's rows from a plain owner while they move.
  execute format('alter table %I.%I no force row level security', parent_schema, default_name);
  execute format(
    'with moved as (delete from %1$I.%2$I where %3$I >= %4$L::timestamptz and %3$I < %5$L::timestamptz returning *) insert into %1$I.%6$I select * from moved',
    parent_schema, default_name, key_column, first_day::text || ' 00:00+00', next_day::text || ' 00:00+00', part_name);
  execute format('alter table %I.%I force row level security', parent_schema, default_name);
  execute format('alter table %s attach partition %I.%I for values from (%L) to (%L)', parent, parent_schema, part_name, first_day::text || ' 00:00+00', next_day::text || ' 00:00+00');
  execute format('alter table %I.%I enable row level security', parent_schema, part_name);
  execute format('alter table %I.%I force row level security', parent_schema, part_name);
  execute format('create policy tenant on %I.%I to jidoka_app using (tenant_id = jidoka.tenant()) with check (tenant_id = jidoka.tenant())', parent_schema, part_name);
end $$;

create or replace function jidoka.make_month_partition(parent regclass, month date) returns void language sql as $$
  select jidoka.make_partition(parent, date_trunc('month', month)::date, (date_trunc('month', month) + interval '1 month')::date,
    to_char(date_trunc('month', month), '"_y"YYYY"m"MM'));
$$;
