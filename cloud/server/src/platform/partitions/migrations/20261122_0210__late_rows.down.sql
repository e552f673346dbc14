drop function jidoka.take_late(regclass, timestamptz, text, integer);
