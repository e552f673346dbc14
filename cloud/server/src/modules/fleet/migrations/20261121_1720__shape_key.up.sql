-- A shape carries the columns of the primary key, and what an edge reads is its own row and no tenant. The id names a row for ever: it
-- stays with an item that is taken back and comes again.
alter table fleet.desired drop constraint desired_pkey, add primary key (id), add unique (tenant_id, edge_id, kind, key);
create index desired_edge on fleet.desired (edge_id);
