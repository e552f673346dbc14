-- Unbroken runs of the same normal verdict: no verdict of them is an execution of its own (I3). Counted with
-- judgment_executions they are every verdict that an edge has given. `seq` is the record's number in its lane, which makes
-- a second delivery the same row.
create table core.verdict_runs (
  tenant_id text not null references core.tenants,
  edge_id uuid not null,
  epoch uuid not null,
  seq bigint not null,
  received_at timestamptz not null,
  rule_id text not null,
  rule_version bigint not null,
  rule_hash text not null,
  subject text not null,
  line text not null,
  status text not null,
  -- Null where MES events or a timer triggered the verdicts.
  first_reading_seq bigint,
  last_reading_seq bigint,
  first_at timestamptz not null,
  last_at timestamptz not null,
  count bigint not null,
  primary key (tenant_id, edge_id, epoch, seq)
);
create index verdict_runs_rule on core.verdict_runs (tenant_id, rule_id, first_at desc);
select jidoka.protect('core.verdict_runs', 'select, insert');
