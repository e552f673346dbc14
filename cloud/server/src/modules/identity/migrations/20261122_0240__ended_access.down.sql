drop trigger ends_access_of_deleted on core.users;
drop function core.note_end_of_user();
drop trigger ends_access on core.users;
drop function core.note_change_of_user();
drop function core.is_elsewhere(text);
drop function core.end_access(text, text, bigint);
drop table core.ended_access;
alter table core.users drop column password_made_up;
alter table core.users drop column access_version;
