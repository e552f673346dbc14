drop table fleet.edge_waiting;
