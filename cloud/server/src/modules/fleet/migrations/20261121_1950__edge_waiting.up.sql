-- What an edge said last of rows that it holds and the cloud has not (protocol 1.3). It is told with each batch and of no other worth than to be
-- shown: it is written behind the batches, not with them.
create table fleet.edge_waiting (
  tenant_id text not null,
  edge_id uuid not null,
  told_at timestamptz not null,
  records_rows bigint not null,
  -- Age of the oldest of them when it was told; null where none waited, or the edge did not know.
  records_oldest_ms bigint,
  readings_rows bigint not null,
  readings_oldest_ms bigint,
  primary key (tenant_id, edge_id),
  foreign key (tenant_id, edge_id) references fleet.edges (tenant_id, id)
);
select jidoka.protect('fleet.edge_waiting', 'select, insert, update');
