drop table core.object_uploads;
alter table core.tenants drop column object_files_max;
alter table core.tenants drop column object_bytes_max;
