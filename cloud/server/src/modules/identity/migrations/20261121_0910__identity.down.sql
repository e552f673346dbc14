drop table core.sessions;
drop table core.users;
drop table core.tenants;
