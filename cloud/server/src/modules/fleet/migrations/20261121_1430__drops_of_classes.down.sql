delete from fleet.drops d using fleet.drops other
where d.ctid > other.ctid and (d.tenant_id, d.edge_id, d.epoch, d.lane, d.from_seq, d.to_seq)
  = (other.tenant_id, other.edge_id, other.epoch, other.lane, other.from_seq, other.to_seq);
alter table fleet.drops
  drop constraint drops_told_once,
  add primary key (tenant_id, edge_id, epoch, lane, from_seq, to_seq),
  drop column what,
  drop column count;
