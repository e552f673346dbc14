drop table fleet.ranges;
drop table core.reading_rollups;
