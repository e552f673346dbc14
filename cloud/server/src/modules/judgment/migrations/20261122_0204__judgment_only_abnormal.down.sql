-- outside of a transaction
create index concurrently judgment_executions_default_tenant_id_executed_at_executio_idx1 on core.judgment_executions_default (tenant_id, executed_at desc, execution_id desc) where not normal;
