create table audit.audit_logs (
  tenant_id text not null references core.tenants,
  id uuid not null,
  at timestamptz not null,
  actor text not null,
  action text not null,
  subject text not null,
  detail jsonb not null,
  -- Of an entry that an edge wrote: what makes a second delivery the same entry.
  edge_id uuid,
  epoch uuid,
  seq bigint,
  primary key (tenant_id, id)
);
create index audit_logs_at on audit.audit_logs (tenant_id, at desc, id desc);
create unique index audit_logs_source on audit.audit_logs (tenant_id, edge_id, epoch, seq) where edge_id is not null;
select jidoka.protect('audit.audit_logs', 'select, insert');

-- Grants keep the program from it, the trigger everybody else short of the table's owner taking it off.
create function audit.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'audit.audit_logs is append-only' using errcode = 'insufficient_privilege';
end $$;
create trigger append_only before update or delete on audit.audit_logs for each row execute function audit.refuse_change();
create trigger append_only_whole before truncate on audit.audit_logs for each statement execute function audit.refuse_change();
