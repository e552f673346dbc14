-- outside of a transaction
create index concurrently judgment_executions_default_tenant_id_status_executed_at_ex_idx on core.judgment_executions_default (tenant_id, status, executed_at desc, execution_id desc);
