import { isOutsideTransaction } from './outside-transaction.ts'
import { parseStatements, someNode } from './parsed.ts'
import {
  adds,
  columnHas,
  commands,
  constraintsOf,
  drops,
  droppedNames,
  inUse,
  isSerial,
  isVolatile,
  namedThings,
  nameOf,
  rangesIn,
  subtype,
} from './statement-shapes.ts'
import type { Before, Constraint, Find } from './statement-shapes.ts'

// What a migration must not do to a table that is in use: stand in the way of those who work on it for as long as its rows take, or take away what the
// release before it, which still runs beside it, asks for.

export interface UnsafeStatement {
  /** The lock that others wait for, or what breaks. */
  readonly costs: string
  readonly instead: string
  readonly find: Find
}

const exclusive = 'ACCESS EXCLUSIVE: nobody reads or writes the table'

const named = <Name extends string>(statements: Readonly<Record<Name, UnsafeStatement>>) => statements

export const unsafeStatements = named({
  column_with_volatile_default: {
    costs: `${exclusive} while each of its rows is written anew`,
    instead:
      'Add the column without a default, set the default in a statement of its own, and fill the rows in portions by a job.',
    find: commands(
      (command) =>
        command.subtype === 'AT_AddColumn' &&
        constraintsOf(command).some(
          ({ contype, raw_expr: value }) => contype === 'CONSTR_DEFAULT' && isVolatile(value),
        ),
    ),
  },
  generated_column: {
    costs: `${exclusive} while each of its rows is written anew`,
    instead:
      'Add a plain column that the program fills, and fill the old rows in portions by a job; or make a table with it.',
    find: commands(
      (command) =>
        command.subtype === 'AT_AddColumn' &&
        (isSerial(command) || columnHas(command, 'CONSTR_IDENTITY') || columnHas(command, 'CONSTR_GENERATED')),
    ),
  },
  required_column_without_default: {
    costs: 'the release before inserts rows without it, and fails; so does the migration where the table has rows',
    instead: 'Add it with a constant default, or without "not null" until every release that runs writes it.',
    find: commands(
      (command) =>
        command.subtype === 'AT_AddColumn' &&
        columnHas(command, 'CONSTR_NOTNULL') &&
        !['CONSTR_DEFAULT', 'CONSTR_IDENTITY', 'CONSTR_GENERATED'].some((kind) =>
          columnHas(command, kind as Constraint['contype']),
        ),
    ),
  },
  change_of_type: {
    costs: `${exclusive} while each of its rows and indexes is written anew`,
    instead:
      'Add a second column of the new type, write both, fill the old rows in portions, read the new one, drop the old one a release later.',
    find: subtype('AT_AlterColumnType'),
  },
  not_null_unchecked: {
    costs: `${exclusive} while all of its rows are looked at`,
    instead:
      'In a migration before: "add constraint ... check (c is not null) not valid". In this one "validate constraint" and then "set not null", which believes it.',
    find: commands(({ subtype: kind }, table, { validated }) => kind === 'AT_SetNotNull' && !validated.has(table)),
  },
  foreign_key_checked_at_once: {
    costs: 'SHARE ROW EXCLUSIVE on both tables, that nobody may write, while all rows are looked up',
    instead: 'Add it "not valid", and "validate constraint" in the next migration.',
    find: adds(({ contype, skip_validation: isLater }) => contype === 'CONSTR_FOREIGN' && isLater !== true),
  },
  check_checked_at_once: {
    costs: `${exclusive} while all of its rows are looked at`,
    instead: 'Add it "not valid", and "validate constraint" in the next migration.',
    find: adds(({ contype, skip_validation: isLater }) => contype === 'CONSTR_CHECK' && isLater !== true),
  },
  constraint_that_builds_an_index: {
    costs: `${exclusive} while the index is built`,
    instead: 'Build a unique index concurrently, then "add constraint ... unique using index ...".',
    find: adds(
      ({ contype, indexname: index }) =>
        ['CONSTR_UNIQUE', 'CONSTR_PRIMARY', 'CONSTR_EXCLUSION'].includes(contype ?? '') && index === undefined,
    ),
  },
  index_built_under_lock: {
    costs: 'SHARE: nobody writes the table while the index is built',
    instead:
      'A migration of its own with "-- outside of a transaction" as first line, and "create index concurrently" in it.',
    find: (node, before) =>
      'IndexStmt' in node && node.IndexStmt.concurrent !== true ? inUse(node.IndexStmt.relation, before) : [],
  },
  index_dropped_under_lock: {
    costs: `${exclusive} of the index, for which it waits behind every query that runs`,
    instead:
      'A migration of its own with "-- outside of a transaction" as first line, and "drop index concurrently if exists" in it.',
    find: drops(['OBJECT_INDEX'], (isConcurrent) => !isConcurrent),
  },
  concurrently_within_a_transaction: {
    costs: 'PostgreSQL refuses it',
    instead: 'Write "-- outside of a transaction" as the first line of the migration, and nothing else in it.',
    find: (node, before) => {
      if (before.isOutsideTransaction) return []
      if ('IndexStmt' in node && node.IndexStmt.concurrent === true) return [nameOf(node.IndexStmt.relation)]
      return 'DropStmt' in node && node.DropStmt.concurrent === true ? droppedNames(node.DropStmt.objects) : []
    },
  },
  renamed: {
    costs: 'the release before asks for the old name, and fails',
    instead: 'Expand and contract: add the new one, write both, read the new one, drop the old one a release later.',
    find: (node, before) => {
      if (!('RenameStmt' in node)) return []
      const { renameType, relation, subname, newname } = node.RenameStmt
      if (![...namedThings.tables, ...namedThings.columns].includes(renameType ?? '')) return []
      return relation === undefined ? [subname ?? newname ?? '?'] : inUse(relation, before)
    },
  },
  moved_to_another_schema: {
    costs: 'the release before asks for it where it was, and fails',
    instead: 'Expand and contract, as for another name.',
    find: (node, before) => ('AlterObjectSchemaStmt' in node ? inUse(node.AlterObjectSchemaStmt.relation, before) : []),
  },
  column_dropped: {
    costs: 'the release before asks for it, and fails',
    instead:
      'Stop reading and writing it in one release, drop it in the next; then accept it with the release that stopped.',
    find: subtype('AT_DropColumn'),
  },
  dropped: {
    costs: 'the release before asks for it, and fails',
    instead: 'Stop using it in one release, drop it in the next; then accept it with the release that stopped.',
    find: drops(namedThings.tables, () => true),
  },
  default_dropped: {
    costs: 'the release before inserts rows without that column, and fails where it must not be null',
    instead: 'Drop it in the release after the one that writes the column itself.',
    find: commands(({ subtype: kind, def }) => kind === 'AT_ColumnDefault' && def === undefined),
  },
  grant_taken_away: {
    costs: 'the release before does what it was allowed to, and fails',
    instead: 'Take it away in the release after the one that stopped needing it.',
    find: (node, before) =>
      'GrantStmt' in node && node.GrantStmt.is_grant !== true
        ? (node.GrantStmt.objects ?? []).flatMap((each) =>
            'RangeVar' in each ? inUse(each.RangeVar, before) : droppedNames([each]),
          )
        : [],
  },
  row_security_weakened: {
    costs: 'one tenant sees the rows of another (I6)',
    instead: 'Work as the tenant: "set_config(\'jidoka.tenant_id\', ...)" for each in turn.',
    find: subtype('AT_DisableRowSecurity', 'AT_NoForceRowSecurity'),
  },
  lock_taken: {
    costs: 'whoever needs the table waits until the migration ends',
    instead: 'Take none: each statement takes the least that it needs.',
    find: (node) =>
      'LockStmt' in node
        ? (node.LockStmt.relations ?? []).flatMap((each) => ('RangeVar' in each ? [nameOf(each.RangeVar)] : []))
        : [],
  },
  rewritten: {
    costs: `${exclusive} while it is copied`,
    instead: 'Let autovacuum work; for a table that has become much too large, move its rows to a new one by a job.',
    find: (node, before) => {
      if ('ClusterStmt' in node) return inUse(node.ClusterStmt.relation, before)
      if ('VacuumStmt' in node)
        return someNode(node.VacuumStmt.options, ({ defname }) => defname === 'full')
          ? (node.VacuumStmt.rels ?? []).flatMap((each) =>
              'VacuumRelation' in each ? inUse(each.VacuumRelation.relation, before) : [],
            )
          : []
      return subtype('AT_SetLogged', 'AT_SetUnLogged', 'AT_SetTableSpace', 'AT_SetAccessMethod')(node, before)
    },
  },
  rebuilt_under_lock: {
    costs: 'nobody writes the table (reads the view) while it is built anew',
    instead: 'Concurrently, by hand or by a job: it is no change of the schema.',
    find: (node, before) => {
      if ('ReindexStmt' in node)
        return someNode(node.ReindexStmt.params, ({ defname }) => defname === 'concurrently')
          ? []
          : inUse(node.ReindexStmt.relation, before)
      return 'RefreshMatViewStmt' in node && node.RefreshMatViewStmt.concurrent !== true
        ? inUse(node.RefreshMatViewStmt.relation, before)
        : []
    },
  },
  rows_changed: {
    costs: 'the rows are locked until the migration ends, and so is each table that it changes',
    instead: 'A job that works in portions, beside the program.',
    find: (node, before) => {
      if ('UpdateStmt' in node) return inUse(node.UpdateStmt.relation, before)
      return 'DeleteStmt' in node ? inUse(node.DeleteStmt.relation, before) : []
    },
  },
  rows_copied: {
    costs: 'as long as the rows take, with every lock that the migration has by then',
    instead: 'A job that works in portions, beside the program.',
    find: (node, before) =>
      'InsertStmt' in node
        ? rangesIn(node.InsertStmt.selectStmt).flatMap((relation) => inUse(relation, before))
        : 'CreateTableAsStmt' in node
          ? rangesIn(node.CreateTableAsStmt.query).flatMap((relation) => inUse(relation, before))
          : [],
  },
  emptied: {
    costs: `${exclusive}, and its rows are gone`,
    instead: 'A job that deletes in portions; or drop the table a release after its last use.',
    find: (node, before) =>
      'TruncateStmt' in node
        ? (node.TruncateStmt.relations ?? []).flatMap((each) =>
            'RangeVar' in each ? inUse(each.RangeVar, before) : [],
          )
        : [],
  },
  partition_detached_under_lock: {
    costs: `${exclusive} of the partitioned table, for which it waits behind every query that runs`,
    instead: 'The job of partitions detaches.',
    find: commands(
      ({ subtype: kind, def }) =>
        kind === 'AT_DetachPartition' &&
        def !== undefined &&
        'PartitionCmd' in def &&
        def.PartitionCmd.concurrent !== true,
    ),
  },
  partition_attached: {
    costs: `${exclusive} of the default partition while all of its rows are looked at`,
    instead: 'jidoka.make_month_partition, which moves the rows first.',
    find: subtype('AT_AttachPartition'),
  },
  hidden_from_this_check: {
    costs: 'what a "do" block runs is text until it runs',
    instead: 'Write plain statements; else say in the list of what is accepted why this one is safe.',
    find: (node) => ('DoStmt' in node ? ['do'] : []),
  },
})

export type UnsafeName = keyof typeof unsafeStatements

export interface UnsafeFinding {
  readonly name: UnsafeName
  readonly target: string
  /** The statement, as it stands in the migration. */
  readonly text: string
}

/** What of a migration is unsafe on a database that is in use, in the order of its statements. */
export async function unsafeIn(sql: string): Promise<UnsafeFinding[]> {
  const fresh = new Set<string>()
  const validated = new Set<string>()
  const before: Before = { fresh, validated, isOutsideTransaction: isOutsideTransaction(sql) }
  const findings: UnsafeFinding[] = []
  for (const { text, node } of await parseStatements(sql)) {
    for (const name of Object.keys(unsafeStatements) as UnsafeName[])
      for (const target of unsafeStatements[name].find(node, before)) findings.push({ name, target, text })
    if ('CreateStmt' in node) fresh.add(nameOf(node.CreateStmt.relation))
    if ('CreateSchemaStmt' in node) fresh.add(node.CreateSchemaStmt.schemaname ?? '?')
    if ('CreateTableAsStmt' in node) fresh.add(nameOf(node.CreateTableAsStmt.into?.rel))
    for (const table of subtype('AT_ValidateConstraint')(node, before)) validated.add(table)
  }
  return findings
}
