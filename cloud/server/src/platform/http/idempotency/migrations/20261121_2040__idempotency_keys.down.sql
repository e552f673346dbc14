drop table core.idempotency_keys;
