-- Forced row-level security hides rows of tenants from the owner of the tables too. Letting go of it would lock the default partition against everybody; by this
-- policy its owner sees them in the one transaction that says what it is about.
create function jidoka.let_late_be_taken(of_table regclass) returns void language plpgsql as $$
begin
  execute format('create policy late on %s to current_user using (current_setting(''jidoka.takes_late'', true) = ''on'')', of_table);
end $$;
select jidoka.let_late_be_taken(partdefid::regclass) from pg_partitioned_table
where partrelid in ('core.judgment_executions'::regclass, 'core.reading_segments'::regclass);

-- Takes rows out of the default partition whose month is no longer kept, at most so many, into a table of their own beside the months that wait for their
-- archive. Nobody waits for it. What it says last is the instant of the first row there; with `most` 0 it only says that. Gives up (55P03) where somebody changes
-- the default partition, as making a month does.
create function jidoka.take_late(parent regclass, before timestamptz, target text, most integer)
returns table (moved bigint, first_at timestamptz) language plpgsql set lock_timeout = '2s' as $$
declare
  default_part regclass;
  key_column text;
  is_late boolean := false;
begin
  moved := 0;
  select p.partdefid::regclass, a.attname into default_part, key_column
  from pg_partitioned_table p join pg_attribute a on a.attrelid = p.partrelid and a.attnum = p.partattrs[0] where p.partrelid = parent;
  if row_security_active(default_part) and not exists (
    select from pg_policy where polrelid = default_part and polname = 'late' and (select oid from pg_roles where rolname = current_user) = any (polroles)) then
    raise exception '% hides its rows from %: make the policy with jidoka.let_late_be_taken', default_part, current_user;
  end if;
  perform set_config('jidoka.takes_late', 'on', true);
  if most > 0 then
    execute format('select exists (select from %s where %I < $1)', default_part, key_column) into is_late using before;
  end if;
  if is_late then
    if to_regclass(format('jidoka.%I', target)) is null then
      execute format('create table jidoka.%I (like %s including all)', target, default_part);
      execute format('alter table jidoka.%I enable row level security', target);
      execute format('alter table jidoka.%I force row level security', target);
      execute format('create policy tenant on jidoka.%I to jidoka_app using (tenant_id = jidoka.tenant()) with check (tenant_id = jidoka.tenant())', target);
      perform jidoka.let_late_be_taken(format('jidoka.%I', target)::regclass);
      execute format('grant select on jidoka.%I to jidoka_app', target);
    end if;
    execute format(
      'with late as (select ctid from %1$s where %2$I < %3$L::timestamptz limit %4$s),
         taken as (delete from %1$s where ctid in (select ctid from late) returning *)
       insert into jidoka.%5$I select * from taken',
      default_part, key_column, before, most, target);
    get diagnostics moved = row_count;
  end if;
  if to_regclass(format('jidoka.%I', target)) is not null then
    execute format('select min(%I) from jidoka.%I', key_column, target) into first_at;
    if first_at is null then
      execute format('drop table jidoka.%I', target);
    end if;
  end if;
  perform set_config('jidoka.takes_late', '', true);
  return next;
end $$;
