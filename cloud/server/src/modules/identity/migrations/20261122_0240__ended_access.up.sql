-- Grows with each change of what a person may do, or is known by; an access token says the one of its time. Who comes anew under an old name begins beyond it.
alter table core.users add column access_version bigint not null default 1;
alter table core.users alter column access_version set default extract(epoch from clock_timestamp())::bigint;
-- The password was made up by the program, and others may have read it.
alter table core.users add column password_made_up boolean not null default false;

-- Which access tokens are worth nothing although they have not ended. None lives longer than 15 minutes, so what is older is thrown away.
create table core.ended_access (
  tenant_id text not null references core.tenants,
  -- `user:LOGIN`, or `session:` and the family of one sign-in.
  subject text not null,
  -- Of a person: tokens of before this version. Null: all of the sign-in.
  version bigint,
  ended_at timestamptz not null,
  primary key (tenant_id, subject)
);
create index ended_access_at on core.ended_access (ended_at);
select jidoka.protect('core.ended_access', 'select, insert, update, delete');
select jidoka.publish_to_directory('core.ended_access', 'tenant_id, subject, version, ended_at');

create function core.end_access(tenant text, ended text, ended_version bigint) returns void language plpgsql as $$
begin
  delete from core.ended_access where tenant_id = tenant and ended_at < clock_timestamp() - interval '1 hour';
  insert into core.ended_access (tenant_id, subject, version, ended_at) values (tenant, ended, ended_version, clock_timestamp())
  on conflict (tenant_id, subject) do update set version = excluded.version, ended_at = excluded.ended_at;
end $$;

-- True of rows of a tenant that moves here or has moved away. A mover writes and removes them: whoever is meant by them is known where the tenant is.
create function core.is_elsewhere(asked text) returns boolean language sql stable
return exists (select from jidoka.tenant_fences f where f.tenant = asked and f.went_to is not null);

-- Whoever changes a person, by whichever way, ends what was handed out before; also under the login of before.
create function core.note_change_of_user() returns trigger language plpgsql as $$
begin
  if core.is_elsewhere(new.tenant_id) then
    return new;
  end if;
  if (new.login, new.role, new.disabled, new.password_hash) is distinct from (old.login, old.role, old.disabled, old.password_hash) then
    new.access_version := greatest(new.access_version, old.access_version + 1);
  end if;
  if new.access_version > old.access_version then
    perform core.end_access(new.tenant_id, 'user:' || new.login, new.access_version);
  end if;
  if new.login <> old.login then
    perform core.end_access(old.tenant_id, 'user:' || old.login, old.access_version + 1);
  end if;
  return new;
end $$;
create trigger ends_access before update on core.users for each row execute function core.note_change_of_user();

create function core.note_end_of_user() returns trigger language plpgsql as $$
begin
  if core.is_elsewhere(old.tenant_id) then
    return null;
  end if;
  perform core.end_access(old.tenant_id, 'user:' || old.login, old.access_version + 1);
  return null;
end $$;
create trigger ends_access_of_deleted after delete on core.users for each row execute function core.note_end_of_user();
