-- outside of a transaction: as that of statuses, an abnormal judgment of one edge among hundreds is found without reading those of the others.
create index concurrently judgment_executions_default_abnormal on core.judgment_executions_default (tenant_id, executed_at desc, execution_id desc, edge_id, line, workflow_id) where not normal;
