drop table core.dead_events;
drop table core.consumed_events;
drop function core.append_event(uuid, text, text, jsonb, text, timestamptz);
drop table core.outbox;
