-- What a page of judgments is narrowed by and its time alone finds slowly: an edge among hundreds, a status of one judgment in ten thousand. Each partition has indexes
-- of its own, made like those of the default partition; months that are no longer hot keep their primary key only.
do $$
declare
  part record;
begin
  for part in
    select c.oid::regclass as id from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'core.judgment_executions'::regclass
      and (c.relname = 'judgment_executions_default' or c.relname >= 'judgment_executions' || to_char(now() - interval '90 days', '"_y"YYYY"m"MM'))
  loop
    execute format('create index on %s (tenant_id, edge_id, executed_at desc, execution_id desc) where edge_id is not null', part.id);
    execute format('create index on %s (tenant_id, status, executed_at desc, execution_id desc)', part.id);
    execute format('create index on %s (tenant_id, executed_at desc, execution_id desc) where not normal', part.id);
  end loop;
end $$;
