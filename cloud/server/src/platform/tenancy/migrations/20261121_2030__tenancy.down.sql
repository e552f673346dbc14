-- Without the directory, tenants that are elsewhere could not be found any more.
do $$
begin
  if exists (select from jidoka.tenant_places where database <> 'main')
    or exists (select from jidoka.tenant_fences where went_to is not null)
    or exists (select from jidoka.tenant_moves where step in ('copying', 'following', 'switched')) then
    raise exception 'Tenants have moved, or are moving. "tenant list" says where each is: move them back to main, "tenant drop-old" what they left behind, and take the migration back then.';
  end if;
end $$;
drop function jidoka.refuse_moved();
drop function jidoka.capture_change();
drop function jidoka.tenant_lock(text);
drop function jidoka.admit(text, bigint);
drop table jidoka.tenant_changes;
drop table jidoka.tenant_fences;
drop table jidoka.tenant_moves;
drop table jidoka.tenant_places;
drop table jidoka.databases;
drop table jidoka.this_database;
