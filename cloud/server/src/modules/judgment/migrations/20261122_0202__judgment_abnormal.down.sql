-- outside of a transaction
drop index concurrently if exists core.judgment_executions_default_abnormal;
