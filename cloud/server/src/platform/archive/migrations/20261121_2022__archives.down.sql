drop table core.restored_rows;
drop table core.archives;
drop table core.archive_settings;
