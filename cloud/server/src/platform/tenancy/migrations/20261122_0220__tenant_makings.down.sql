drop table jidoka.tenant_makings;
