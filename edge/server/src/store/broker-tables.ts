/** What the broker keeps of sessions that outlive their connection, and of retained messages; part of version 3 of the store. */
export const brokerTables = `
  create table broker_sessions (client_id text primary key, subscriptions text not null, seen_ms integer not null) without rowid;
  create table broker_queue (
    id integer primary key, client_id text not null, broker_id text not null, broker_counter integer not null,
    message_id integer, state text not null, packet blob not null
  );
  create index broker_queue_by_client on broker_queue (client_id, id);
  create table broker_retained (topic text primary key, packet blob not null) without rowid;
  create table broker_wills (client_id text primary key, packet blob not null) without rowid;
`
