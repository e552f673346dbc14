-- Takes rows out of the default partition whose month is no longer kept, at most so many, into a table of their own beside the months that wait for their
-- archive. What it says last is the instant of the first row there; with `most` 0 it only says that. Gives up (55P03) where somebody holds the default partition.
create function jidoka.take_late(parent regclass, before timestamptz, target text, most integer)
returns table (moved bigint, first_at timestamptz) language plpgsql set lock_timeout = '2s' as $$
declare
  default_part regclass;
  key_column text;
begin
  moved := 0;
  select p.partdefid::regclass, a.attname into default_part, key_column
  from pg_partitioned_table p join pg_attribute a on a.attrelid = p.partrelid and a.attnum = p.partattrs[0] where p.partrelid = parent;
  if most > 0 and pg_relation_size(default_part) > 0 then
    -- Forced row security would hide the rows from a plain owner while they move.
    execute format('alter table %s no force row level security', default_part);
    if to_regclass(format('jidoka.%I', target)) is null then
      execute format('create table jidoka.%I (like %s including all)', target, default_part);
      execute format('alter table jidoka.%I enable row level security', target);
      execute format('create policy tenant on jidoka.%I to jidoka_app using (tenant_id = jidoka.tenant()) with check (tenant_id = jidoka.tenant())', target);
      execute format('grant select on jidoka.%I to jidoka_app', target);
    else
      execute format('alter table jidoka.%I no force row level security', target);
    end if;
    execute format(
      'with late as (select ctid from %1$s where %2$I < %3$L::timestamptz limit %4$s),
         taken as (delete from %1$s where ctid in (select ctid from late) returning *)
       insert into jidoka.%5$I select * from taken',
      default_part, key_column, before, most, target);
    get diagnostics moved = row_count;
    execute format('alter table %s force row level security', default_part);
  elsif to_regclass(format('jidoka.%I', target)) is not null then
    execute format('alter table jidoka.%I no force row level security', target);
  else
    return next;
    return;
  end if;
  execute format('select min(%I) from jidoka.%I', key_column, target) into first_at;
  if first_at is null then
    execute format('drop table jidoka.%I', target);
  else
    execute format('alter table jidoka.%I force row level security', target);
  end if;
  return next;
end $$;
