-- outside of a transaction
drop index concurrently if exists core.objects_page;
