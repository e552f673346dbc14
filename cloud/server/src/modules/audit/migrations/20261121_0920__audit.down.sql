drop table audit.audit_logs;
drop function audit.refuse_change();
