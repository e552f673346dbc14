-- What was asked under a key of the sender's choice, and how it was answered: the same request again is answered the same.
create table core.idempotency_keys (
  tenant_id text not null references core.tenants,
  login text not null,
  key text not null,
  -- Of method, path, query and body.
  digest bytea not null,
  -- Of the one attempt that may do it now.
  claim uuid not null,
  claimed_until timestamptz not null,
  -- Whether a transaction of it has changed anything: then nobody does it once more.
  has_effect boolean not null default false,
  -- Of the answer; null while there is none.
  status integer,
  media_type text,
  sealed bytea,
  expires_at timestamptz not null,
  primary key (tenant_id, login, key)
);
create index idempotency_keys_expiry on core.idempotency_keys (tenant_id, expires_at);
select jidoka.protect('core.idempotency_keys', 'select, insert, update, delete');
