alter table core.tenants drop column time_zone;
