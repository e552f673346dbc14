-- Retention drops class by class: two drops may have one range of the lane, and the second says that other rows of it went.
-- So a drop that a record told of is the record's row, and one that a lane told of is the lane's.
alter table fleet.drops
  -- Rows that went; null: all of the range.
  add column count bigint,
  -- Their class; null: all of the range.
  add column what text,
  drop constraint drops_pkey,
  add constraint drops_told_once unique nulls not distinct (tenant_id, edge_id, epoch, lane, from_seq, to_seq, source_seq);
