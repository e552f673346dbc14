drop index fleet.desired_edge;
alter table fleet.desired drop constraint desired_pkey, drop constraint desired_tenant_id_edge_id_kind_key_key, add primary key (tenant_id, edge_id, kind, key);
