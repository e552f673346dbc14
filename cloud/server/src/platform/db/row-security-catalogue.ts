import type { Database } from './database.ts'

const ourSchemas = `n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`
const isOfTenants = `(exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped) or (n.nspname, c.relname) = ('core', 'tenants'))`
/** Everything that a role may do to a table; the list is PostgreSQL's. */
const named = `format('%I.%I', n.nspname, c.relname)`

/** What the directory reads of all tenants: ids, what a token, a login or an edge is looked up by, and when something is due. */
const directoryColumns: Readonly<Record<string, string>> = {
  'audit.unsealed': 'tenant_id',
  'core.archive_settings': 'tenant_id table_name',
  'core.dead_events': 'tenant_id',
  'core.job_schedules': 'tenant_id kind rule next_at',
  'core.jobs': 'tenant_id id kind state ticket due_at handed_at beat_at',
  'core.outbox': 'tenant_id created_at sent_at',
  'core.sessions': 'tenant_id token_hash',
  'core.ended_access': 'tenant_id subject version ended_at',
  'core.tenants': 'id time_zone',
  'core.users': 'tenant_id login',
  'fleet.edges': 'tenant_id id public_key revoked_at',
  'fleet.enrolments': 'tenant_id token_hash',
}
const directoryMayRead = Object.entries(directoryColumns)
  .flatMap(([table, columns]) => columns.split(' ').map((column) => `'${table}.${column}'`))
  .join(', ')

/** Each finds one way past row-level security, as a sentence a row. */
const queries: readonly string[] = [
  // The owner of a table passes its policies unless they are forced.
  `select 'table ' || ${named} || ' is not under forced row-level security with the policy "tenant"' as said
   from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where c.relkind in ('r', 'p') and ${ourSchemas} and ${isOfTenants}
     and not (c.relrowsecurity and c.relforcerowsecurity and exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'tenant'))`,

  // Policies are joined by OR: one that is wider undoes the others.
  `select 'policy ' || p.polname || ' of ' || ${named} || ' shows or takes rows of other tenants' as said
   from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace
   where ${ourSchemas} and p.polpermissive and not (
     (p.polname = 'tenant' and p.polcmd = '*' and p.polroles = array['jidoka_app'::regrole::oid]
       and pg_get_expr(p.polqual, p.polrelid) ~ '^\\((tenant_id|id|tenant) = jidoka\\.tenant\\(\\)\\)$'
       and pg_get_expr(p.polwithcheck, p.polrelid) ~ '^\\((tenant_id|id|tenant) = jidoka\\.tenant\\(\\)\\)$')
     or (p.polname = 'directory' and p.polcmd = 'r' and p.polroles = array['jidoka_directory'::regrole::oid])
     -- Of the owner alone, who may let go of all policies, and only while it takes rows out of the default partition.
     or (p.polname = 'late' and p.polroles = array[c.relowner] and pg_get_expr(p.polqual, p.polrelid) ~ '^\\(current_setting\\(''jidoka.takes_late''::text, true\\) = ''on''::text\\)$'))`,

  // A view reads with the rights of its owner unless it is told otherwise.
  `select 'view ' || ${named} || ' reads with the rights of its owner: make it with (security_invoker = true)' as said
   from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where c.relkind = 'v' and ${ourSchemas} and not coalesce(c.reloptions, '{}') && array['security_invoker=true', 'security_invoker=on']`,

  // No policy can be put on a copy, and it is filled as its owner.
  `select 'materialised view ' || ${named} || ' can have no policy: make it a table' as said
   from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'm' and ${ourSchemas}`,

  `select 'foreign table ' || ${named} || ' can have no policy' as said
   from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'f' and ${ourSchemas}`,

  `select 'function ' || p.oid::regprocedure || ' runs with the rights of its owner' as said
   from pg_proc p join pg_namespace n on n.oid = p.pronamespace where p.prosecdef and ${ourSchemas}`,

  // TRUNCATE, REFERENCES and TRIGGER are asked of no policy. The directory is given columns, never a table.
  `select coalesce(g.rolname, 'PUBLIC') || ' may ' || x.privilege_type || ' ' || ${named} as said
   from pg_class c join pg_namespace n on n.oid = c.relnamespace cross join aclexplode(c.relacl) x left join pg_roles g on g.oid = x.grantee
   where c.relkind in ('r', 'p', 'v', 'm', 'f') and ${ourSchemas} and x.grantee <> c.relowner
     and not (g.rolname is not distinct from 'jidoka_app' and x.privilege_type in ('SELECT', 'INSERT', 'UPDATE', 'DELETE'))`,

  // A column that is new to the directory is a decision, and stands in the list above.
  `select coalesce(g.rolname, 'PUBLIC') || ' may ' || x.privilege_type || ' ' || ${named} || '.' || a.attname as said
   from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
     cross join aclexplode(a.attacl) x left join pg_roles g on g.oid = x.grantee
   where ${ourSchemas} and x.grantee <> c.relowner
     and not (g.rolname is not distinct from 'jidoka_app' or (g.rolname is not distinct from 'jidoka_directory' and x.privilege_type = 'SELECT'
       and ${named} || '.' || a.attname = any (array[${directoryMayRead}])))`,

  // Who is in a role has its rights.
  `select m.rolname || ' passes row-level security and is a member of ' || r.rolname as said
   from pg_auth_members am join pg_roles m on m.oid = am.member join pg_roles r on r.oid = am.roleid
   where m.rolname in ('jidoka_app', 'jidoka_directory')`,
]

/** What in the database would show or take rows of one tenant as another, in sentences; none: nothing does. */
export async function exposures(database: Database): Promise<string[]> {
  const said: string[] = []
  for (const query of queries)
    for (const row of await database.asOwner<{ said: string }>(`${query} order by 1`)) said.push(row.said)
  return said
}
