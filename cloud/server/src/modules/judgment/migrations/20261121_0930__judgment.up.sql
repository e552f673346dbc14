-- A rule with its newest version; every version is kept in rule_scripts.
create table core.rulesets (
  tenant_id text not null references core.tenants,
  rule_id text not null,
  version bigint not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, rule_id)
);
select jidoka.protect('core.rulesets', 'select, insert, update');

create table core.rule_scripts (
  tenant_id text not null,
  rule_id text not null,
  version bigint not null,
  definition jsonb not null,
  hash text not null,
  changed_at timestamptz not null,
  changed_by text not null,
  primary key (tenant_id, rule_id, version),
  foreign key (tenant_id, rule_id) references core.rulesets (tenant_id, rule_id)
);
select jidoka.protect('core.rule_scripts', 'select, insert');

-- One workflow for each rule, under the rule's own id: what `execute` names.
create table core.workflows (
  tenant_id text not null,
  id text not null,
  rule_id text not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, id),
  foreign key (tenant_id, rule_id) references core.rulesets (tenant_id, rule_id)
);
select jidoka.protect('core.workflows', 'select, insert');

create table core.judgment_executions (
  tenant_id text not null references core.tenants,
  execution_id uuid not null,
  workflow_id text not null,
  executed_at timestamptz not null,
  received_at timestamptz not null,
  -- Null of a judgment that was made here.
  edge_id uuid,
  rule_id text not null,
  rule_version bigint not null,
  rule_hash text not null,
  subject text not null,
  line text not null,
  equipment text,
  status text not null,
  normal boolean not null,
  previous_status text,
  confidence double precision not null,
  method_used text not null,
  explanation text,
  inputs jsonb not null,
  reading_seq bigint,
  primary key (tenant_id, execution_id, executed_at)
) partition by range (executed_at);
create index judgment_executions_workflow on core.judgment_executions (tenant_id, workflow_id, executed_at desc, execution_id desc);
create index judgment_executions_time on core.judgment_executions (tenant_id, executed_at desc, execution_id desc);
-- What is out of range (an edge whose clock is years off) is kept too, and moves when its month gets a partition.
create table core.judgment_executions_default partition of core.judgment_executions default;
select jidoka.protect('core.judgment_executions', 'select, insert');
select jidoka.protect('core.judgment_executions_default', 'select, insert');
revoke all on core.judgment_executions_default from jidoka_app;

-- The standing verdict of each rule at each subject of an edge: what "lines live" shows without looking at history.
create table core.standing_verdicts (
  tenant_id text not null references core.tenants,
  edge_id uuid not null,
  rule_id text not null,
  subject text not null,
  line text not null,
  equipment text,
  rule_version bigint not null,
  status text not null,
  normal boolean not null,
  confidence double precision not null,
  explanation text,
  judgment_id uuid not null,
  judged_at timestamptz not null,
  -- Since when it has this status.
  since timestamptz not null,
  primary key (tenant_id, edge_id, rule_id, subject)
);
select jidoka.protect('core.standing_verdicts', 'select, insert, update, delete');

-- The latest state of each alarm; its id is minted at the edge.
create table core.alarms (
  tenant_id text not null references core.tenants,
  edge_id uuid not null,
  id uuid not null,
  rule_id text not null,
  subject text not null,
  line text not null,
  equipment text,
  priority text not null,
  state text not null,
  status text not null,
  explanation text,
  judgment_id uuid not null,
  raised_at timestamptz not null,
  returned_at timestamptz,
  acknowledged_at timestamptz,
  acknowledged_by text,
  changed_at timestamptz not null,
  primary key (tenant_id, edge_id, id)
);
create index alarms_open on core.alarms (tenant_id, edge_id) where state <> 'cleared';
select jidoka.protect('core.alarms', 'select, insert, update');
