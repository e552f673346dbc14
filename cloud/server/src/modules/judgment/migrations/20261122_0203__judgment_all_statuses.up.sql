-- outside of a transaction: the index of all statuses, which judgment_executions_default_status replaces.
drop index concurrently if exists core.judgment_executions_default_tenant_id_status_executed_at_ex_idx;
