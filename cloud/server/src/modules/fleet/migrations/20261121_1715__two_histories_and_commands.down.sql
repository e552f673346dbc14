drop table fleet.bundle_pieces;
drop table fleet.bundles;
drop index fleet.outages_edge;
alter table fleet.outages drop column receipted, drop column dropped, drop column drained_at;
alter table fleet.reported drop column result;
drop table fleet.troubles;
alter table fleet.cursors drop column start_seq;
