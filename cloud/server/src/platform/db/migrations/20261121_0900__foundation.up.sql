-- Schemas, the two roles that the program works as, and what every table of a tenant is protected with.

create schema if not exists core;
create schema if not exists fleet;
create schema if not exists audit;

-- Roles belong to the whole server, so they may be there already. Where the user of DATABASE_URL may not make roles, an
-- administrator makes both and grants them to that user once (README, "Grants").
do $$
declare
  name text;
begin
  foreach name in array array['jidoka_app', 'jidoka_directory'] loop
    if not exists (select from pg_roles where rolname = name) then
      execute format('create role %I nologin nosuperuser nocreatedb nocreaterole nobypassrls noinherit', name);
    end if;
    if exists (select from pg_roles where rolname = name and (rolsuper or rolbypassrls)) then
      raise exception 'The role % would pass row-level security: take SUPERUSER and BYPASSRLS from it.', name;
    end if;
    if not pg_has_role(current_user, name, 'member') then
      execute format('grant %I to current_user', name);
    end if;
  end loop;
exception
  when insufficient_privilege then
    raise exception 'This user may not take the role % (and the other of the two). Let it, then migrate again: an administrator runs once: grant jidoka_app to %; grant jidoka_directory to %; after making them with create role ... nologin where they are missing.', name, current_user, current_user;
end $$;

grant usage on schema core, fleet, audit to jidoka_app, jidoka_directory;

-- The tenant of the transaction; null outside of one, which no row equals.
create function jidoka.tenant() returns text language sql stable parallel safe
  return nullif(current_setting('jidoka.tenant_id', true), '');
grant usage on schema jidoka to jidoka_app, jidoka_directory;

-- Row-level security for one table, in force for its owner too. `tenant_column` names whose row it is.
create function jidoka.protect(target regclass, privileges text, tenant_column text default 'tenant_id') returns void language plpgsql as $$
begin
  execute format('alter table %s enable row level security', target);
  execute format('alter table %s force row level security', target);
  execute format('create policy tenant on %s to jidoka_app using (%I = jidoka.tenant()) with check (%I = jidoka.tenant())', target, tenant_column, tenant_column);
  execute format('grant %s on %s to jidoka_app', privileges, target);
end $$;

-- Lets the directory role read some columns of all tenants: which tenant a login, a token or an edge belongs to.
create function jidoka.publish_to_directory(target regclass, columns text) returns void language plpgsql as $$
begin
  execute format('create policy directory on %s for select to jidoka_directory using (true)', target);
  execute format('grant select (%s) on %s to jidoka_directory', columns, target);
end $$;

-- Makes the partition of one month, named as REFERENCE says (`_y2026m11`), and moves into it what the default partition
-- holds of that month. Safe to call again, and from two programs at once.
create function jidoka.make_month_partition(parent regclass, month date) returns void language plpgsql as $$
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
