-- outside of a transaction
create index concurrently objects_page on core.objects (tenant_id, created_at desc, id desc) where state = 'stored';
