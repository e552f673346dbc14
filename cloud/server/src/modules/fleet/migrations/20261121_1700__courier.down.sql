drop table fleet.courier_pieces;
drop table fleet.courier_files;
alter table fleet.edges drop column courier_key;
