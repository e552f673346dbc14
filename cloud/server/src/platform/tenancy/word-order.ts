import type { Backend } from '../db/backend.ts'
import { asOwnerOf } from './owner-transaction.ts'

/** In which two databases have their words, as a text that is the same for the same order; null where they may differ, or nothing says that they do not. */
export type WordOrder = string | null

/**
 * Of what has no order of its own, which is all but one column in the order of bytes. An index has it too, so rows are found in it without being sorted. A server
 * whose library is newer than its indexes is taken for another: it finds in them what it should not rely on.
 */
export async function commonOrder(tenant: string, source: Backend, target: Backend): Promise<WordOrder> {
  const [here, there] = [await orderIn(source, tenant), await orderIn(target, tenant)]
  return here === there ? here : null
}

async function orderIn(backend: Backend, tenant: string): Promise<WordOrder> {
  const [row] = await asOwnerOf(backend, { tenant }, (query) =>
    query<{ words: string; is_known: boolean }>(
      `select jsonb_build_array(pg_encoding_to_char(d.encoding), d.datlocprovider, d.datcollate, coalesce(s.said->>'datlocale', s.said->>'daticulocale'),
         s.said->>'daticurules', s.version)::text as words,
       d.datcollversion is not distinct from s.version and (s.version is not null or (d.datlocprovider = 'c' and d.datcollate ~ '^(C|POSIX)($|\\.)')) as is_known
     from pg_database d cross join lateral (select to_jsonb(d) as said, pg_database_collation_actual_version(d.oid) as version) s
     where d.datname = current_database()`,
    ),
  )
  return row?.is_known === true ? row.words : null
}
