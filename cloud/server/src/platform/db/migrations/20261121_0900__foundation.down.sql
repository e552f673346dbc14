-- The roles stay: another database of the same server may use them.
drop function jidoka.make_month_partition(regclass, date);
drop function jidoka.publish_to_directory(regclass, text);
drop function jidoka.protect(regclass, text, text);
drop function jidoka.tenant();
revoke usage on schema jidoka from jidoka_app, jidoka_directory;
drop schema audit;
drop schema fleet;
drop schema core;
