alter table core.tenants validate constraint tenants_time_zone_check;

-- What people see of a job, and what is true of it. pg-boss (its own schema, for the owner alone) carries tickets to it: which process works on what.
create table core.jobs (
  tenant_id text not null references core.tenants,
  id uuid not null,
  kind text not null,
  input jsonb not null,
  state text not null check (state in ('waiting', 'running', 'done', 'dead', 'cancelled')),
  -- One at a time of those that wait or run under one key.
  once_key text,
  -- Of those that it may fail in; begun anew when it is requeued.
  attempt integer not null default 0,
  attempts_max integer not null,
  -- Attempts ever.
  runs integer not null default 0,
  -- The ticket that is good for it; each attempt that is asked for has another.
  ticket uuid not null,
  -- Null: the ticket is not with the carrier yet.
  handed_at timestamptz,
  -- When the process that runs it was heard last.
  beat_at timestamptz,
  due_at timestamptz not null,
  cancelled_by text,
  progress_done double precision not null default 0,
  progress_total double precision,
  progress_note text,
  result jsonb,
  error text,
  started_by text not null,
  trace text,
  created_at timestamptz not null,
  started_at timestamptz,
  ended_at timestamptz,
  primary key (tenant_id, id)
);
create unique index jobs_once on core.jobs (tenant_id, kind, once_key) where once_key is not null and state in ('waiting', 'running');
create index jobs_newest on core.jobs (tenant_id, created_at desc, id desc);
create index jobs_by_state on core.jobs (tenant_id, state, created_at desc, id desc);
create index jobs_by_kind on core.jobs (tenant_id, kind, created_at desc, id desc);
create index jobs_open on core.jobs (due_at) where state in ('waiting', 'running');
create index jobs_ended on core.jobs (tenant_id, ended_at) where ended_at is not null;
select jidoka.protect('core.jobs', 'select, insert, update, delete');
-- Who hands tickets on looks through all tenants: ids and times, nothing of what the job is about.
select jidoka.publish_to_directory('core.jobs', 'tenant_id, id, kind, ticket, state, handed_at, beat_at, due_at');

create table core.job_attempts (
  tenant_id text not null,
  job_id uuid not null,
  -- Of `runs`.
  no integer not null,
  process text not null,
  started_at timestamptz not null,
  ended_at timestamptz,
  outcome text check (outcome in ('done', 'failed', 'lost', 'released', 'cancelled')),
  error text,
  primary key (tenant_id, job_id, no),
  foreign key (tenant_id, job_id) references core.jobs on delete cascade
);
select jidoka.protect('core.job_attempts', 'select, insert, update, delete');

create table core.job_schedules (
  tenant_id text not null references core.tenants,
  kind text not null,
  -- The expression and the zone that next_at was found with.
  rule text not null,
  next_at timestamptz not null,
  last_at timestamptz,
  primary key (tenant_id, kind)
);
select jidoka.protect('core.job_schedules', 'select, insert, update, delete');
select jidoka.publish_to_directory('core.job_schedules', 'tenant_id, kind, rule, next_at');
