-- Tenants as they are made, in the main database alone. One row holds the id, the login of the first administrator and the database before anything is in
-- that one: two that are made at the same moment with the same id or login meet here, whichever databases they go to.
create table jidoka.tenant_makings (
  tenant text primary key,
  login text not null unique,
  database text not null,
  made_by text not null,
  -- Of one that nothing came of, for whoever wants its names.
  claimed_at timestamptz not null
);
