do $$
declare
  index record;
begin
  for index in
    select x.indexrelid::regclass as id from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_index x on x.indrelid = c.oid
    where i.inhparent = 'core.judgment_executions'::regclass and not x.indisprimary
      and (pg_get_indexdef(x.indexrelid) like '%(tenant_id, edge_id, executed_at DESC, execution_id DESC)%'
        or pg_get_indexdef(x.indexrelid) like '%(tenant_id, status, executed_at DESC, execution_id DESC)%'
        or pg_get_indexdef(x.indexrelid) like '%(tenant_id, executed_at DESC, execution_id DESC) WHERE (NOT normal)')
  loop
    execute format('drop index %s', index.id);
  end loop;
end $$;
