create table core.tenants (
  id text primary key check (id ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  name text not null,
  created_at timestamptz not null default now()
);
select jidoka.protect('core.tenants', 'select, insert, update', 'id');
select jidoka.publish_to_directory('core.tenants', 'id');

create table core.users (
  tenant_id text not null references core.tenants,
  login text not null,
  name text not null,
  role text not null,
  locale text,
  password_hash text not null,
  disabled boolean not null default false,
  created_at timestamptz not null default now(),
  primary key (tenant_id, login),
  -- Signing in names no tenant: one login is one person on this server.
  unique (login)
);
select jidoka.protect('core.users', 'select, insert, update');
select jidoka.publish_to_directory('core.users', 'tenant_id, login');

-- One row for each refresh token ever handed out; a family is one sign-in, each token replaced by the next.
create table core.sessions (
  tenant_id text not null references core.tenants,
  token_hash text primary key,
  family_id uuid not null,
  login text not null,
  issued_at timestamptz not null,
  expires_at timestamptz not null,
  replaced_at timestamptz,
  foreign key (tenant_id, login) references core.users (tenant_id, login) on delete cascade
);
create index sessions_family on core.sessions (tenant_id, family_id);
create index sessions_expiry on core.sessions (tenant_id, expires_at);
select jidoka.protect('core.sessions', 'select, insert, update, delete');
select jidoka.publish_to_directory('core.sessions', 'tenant_id, token_hash');
