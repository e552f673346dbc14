-- outside of a transaction: the log is kept for good, and what one actor did is found without the rest.
create index concurrently audit_logs_actor on audit.audit_logs (tenant_id, actor, at desc, id desc);
