-- Of which tables, as a digest of what the catalogue says of them, ranges were verified up to `after_key` of `table_name`: of others it begins anew.
alter table jidoka.tenant_moves add column verified_of text;
-- As the catalogue of the source lets expect, for those who wait.
alter table jidoka.tenant_moves add column rows_expected bigint;
-- Who has asked for its end, first: a cancelled move is audited in that name, whichever program ends it.
alter table jidoka.tenant_moves add column cancel_asked_by text;
