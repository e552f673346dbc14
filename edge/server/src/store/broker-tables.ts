/** What the broker keeps of sessions that outlive their connection, and of retained messages; part of version 3 of the store. */
export const brokerTables = `
  create table broker_sessions (
    client_id text primary key, login text not null, subscriptions text not null, seen_ms integer not null
  ) without rowid;
  -- In the order of id. packet: the PUBLISH as it goes out; its flags hold QoS and retain.
  create table broker_queue (
    id integer primary key, client_id text not null, message_id integer not null, state text not null, packet blob not null
  );
  create unique index broker_queue_by_message on broker_queue (client_id, message_id);
  create table broker_retained (topic text primary key, packet blob not null) without rowid;
  create table broker_wills (client_id text primary key, login text not null, packet blob not null) without rowid;
`
