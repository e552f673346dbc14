alter table jidoka.tenant_moves drop column cancel_asked_by;
alter table jidoka.tenant_moves drop column rows_expected;
alter table jidoka.tenant_moves drop column verified_of;
