-- outside of a transaction: the index of what is abnormal, which judgment_executions_default_abnormal replaces.
drop index concurrently if exists core.judgment_executions_default_tenant_id_executed_at_executio_idx1;
