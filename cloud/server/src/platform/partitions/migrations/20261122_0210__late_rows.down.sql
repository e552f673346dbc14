drop function jidoka.take_late(regclass, timestamptz, text, integer);
drop policy late on core.judgment_executions_default;
drop policy late on core.reading_segments_default;
drop function jidoka.let_late_be_taken(regclass);
