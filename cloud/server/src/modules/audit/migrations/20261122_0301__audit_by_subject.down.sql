-- outside of a transaction
drop index concurrently if exists audit.audit_logs_subject;
