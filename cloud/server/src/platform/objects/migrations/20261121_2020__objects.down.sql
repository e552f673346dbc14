drop table core.objects;
