import type { Session } from '../../platform/db/database.ts'
import type { Findings } from './finding.ts'

const appendOnly = ['append_only', 'append_only_whole']
/** What protects each table of the log, beside row-level security. */
const guards: Readonly<Record<string, { triggers: readonly string[]; privileges: string }>> = {
  audit_logs: { triggers: [...appendOnly, 'note_unsealed'], privileges: 'INSERT,SELECT' },
  chain: { triggers: appendOnly, privileges: 'INSERT,SELECT' },
  checkpoints: { triggers: appendOnly, privileges: 'INSERT,SELECT' },
}

/** What the triggers call, as it must stand there: one that was replaced by another that does nothing would still be enabled. */
const functions: Readonly<Record<string, RegExp>> = {
  refuse_change:
    /^\s*begin\s+raise exception '%\.% is append-only', tg_table_schema, tg_table_name using errcode = 'insufficient_privilege';\s+end\s*$/,
  note_unsealed:
    /^\s*begin\s+insert into audit\.unsealed \(tenant_id, at, entry_id\) select tenant_id, at, id from fresh;\s+return null;\s+end\s*$/,
}

/** Grants and triggers can be taken off by the owner of the tables; that they are off is said, whatever was done meanwhile. */
export async function checkGuards(session: Session, findings: Findings): Promise<void> {
  const tables = await session.query<{
    name: string
    triggers: string[] | null
    privileges: string | null
    secured: boolean
  }>(
    `select c.relname as name, c.relrowsecurity and c.relforcerowsecurity as secured,
       (select array_agg(t.tgname::text) from pg_trigger t where t.tgrelid = c.oid and t.tgenabled in ('O', 'A')) as triggers,
       (select string_agg(p, ',' order by p) from unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER']) as p
        where has_table_privilege('jidoka_app', c.oid, p)) as privileges
     from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'audit' and c.relkind in ('r', 'p')`,
  )
  for (const [name, guard] of Object.entries(guards)) {
    const table = tables.find((row) => row.name === name)
    const off = guard.triggers.filter((trigger) => table?.triggers?.includes(trigger) !== true)
    if (off.length > 0) findings.add('unguarded', `table audit.${name}, trigger ${off.join(', ')} is off or gone`)
    if (table?.privileges !== guard.privileges)
      findings.add('unguarded', `table audit.${name}, the program may ${table?.privileges ?? 'not reach it'}`)
    if (table?.secured !== true) findings.add('unguarded', `table audit.${name}, row-level security is off`)
  }
  const sources = await session.query<{ name: string; source: string }>(
    `select p.proname as name, p.prosrc as source from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = 'audit'`,
  )
  for (const [name, expected] of Object.entries(functions)) {
    const source = sources.find((row) => row.name === name)?.source ?? ''
    if (!expected.test(source)) findings.add('unguarded', `function audit.${name} was replaced`)
  }
}
