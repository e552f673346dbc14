drop trigger note_unsealed on audit.audit_logs;
drop function audit.note_unsealed();
drop table audit.verifications;
drop table audit.unsealed;
drop table audit.checkpoints;
drop table audit.chain;
alter table audit.audit_logs drop column mac;
