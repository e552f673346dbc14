-- What a tenant's schedules are read in: a night shift in Ulsan ends at another instant than one in Chennai.
alter table core.tenants add column time_zone text not null default 'Asia/Seoul';
alter table core.tenants add constraint tenants_time_zone_check check (time_zone ~ '^[A-Za-z][A-Za-z0-9_+/-]{0,63}$') not valid;
grant select (time_zone) on core.tenants to jidoka_directory;
