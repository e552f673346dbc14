-- outside of a transaction: a page of a line that stands still is found without the others. Months that are there follow the default partition by partitions.keep.
create index concurrently judgment_executions_default_line on core.judgment_executions_default (tenant_id, line, executed_at desc, execution_id desc);
