-- Events that other parts hear of, written in the transaction that causes them (ADR 0024).
create table core.outbox (
  tenant_id text not null references core.tenants,
  id uuid not null,
  -- In the order of their writing: events of one subject, which are written under a lock of that subject, are handed on by it.
  no bigint generated always as identity,
  channel text not null,
  subject text not null,
  payload jsonb not null,
  -- W3C traceparent of what caused it.
  trace text,
  created_at timestamptz not null,
  -- Not to be handed on before: the end of a lease, or of a pause after a failure.
  due_at timestamptz not null,
  attempts integer not null default 0,
  -- Handed on; kept until each durable consumer of its channel has taken it.
  sent_at timestamptz,
  primary key (tenant_id, id)
);
create index outbox_waiting on core.outbox (tenant_id, no) where sent_at is null;
create index outbox_sent on core.outbox (tenant_id, sent_at) where sent_at is not null;
select jidoka.protect('core.outbox', 'select, insert, update, delete');
-- Which tenants have work for a relay and how much, and nothing of what it is.
select jidoka.publish_to_directory('core.outbox', 'tenant_id, sent_at, created_at');

-- Of the transaction's own tenant. A function, so that a statement that makes rows can append what it has made without a round trip more.
create function core.append_event(event_id uuid, event_channel text, event_subject text, event_payload jsonb, event_trace text, event_at timestamptz)
returns void language sql as $$
  insert into core.outbox (tenant_id, id, channel, subject, payload, trace, created_at, due_at)
  values (jidoka.tenant(), event_id, event_channel, event_subject, event_payload, event_trace, event_at, event_at)
$$;

-- What a consumer has taken, written in the transaction of its effect: a second delivery changes nothing.
create table core.consumed_events (
  tenant_id text not null references core.tenants,
  consumer text not null,
  event_id uuid not null,
  consumed_at timestamptz not null,
  primary key (tenant_id, consumer, event_id)
);
create index consumed_events_at on core.consumed_events (tenant_id, consumed_at);
select jidoka.protect('core.consumed_events', 'select, insert, delete');

-- What a consumer could not take however often it tried, for a person to look at and to send again.
create table core.dead_events (
  tenant_id text not null references core.tenants,
  event_id uuid not null,
  consumer text not null,
  channel text not null,
  subject text not null,
  payload jsonb not null,
  trace text,
  created_at timestamptz not null,
  attempts integer not null,
  error text not null,
  died_at timestamptz not null,
  primary key (tenant_id, event_id, consumer)
);
create index dead_events_at on core.dead_events (tenant_id, died_at desc, event_id desc);
select jidoka.protect('core.dead_events', 'select, insert, update, delete');
select jidoka.publish_to_directory('core.dead_events', 'tenant_id');
