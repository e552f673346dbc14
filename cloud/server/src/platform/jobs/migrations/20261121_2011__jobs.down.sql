drop table core.job_schedules;
drop table core.job_attempts;
drop table core.jobs;
