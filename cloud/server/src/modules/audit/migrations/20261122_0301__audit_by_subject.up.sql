-- outside of a transaction: the log is kept for good, and what was done to one subject is found without the rest.
create index concurrently audit_logs_subject on audit.audit_logs (tenant_id, subject, at desc, id desc);
