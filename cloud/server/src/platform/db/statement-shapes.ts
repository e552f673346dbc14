import type { Node } from './parsed.ts'
import { someNode } from './parsed.ts'

// Words for the statements of migrations, for the table of those that are unsafe.

/** What the statements before it in the same migration have done. */
export interface Before {
  /** Tables of the migration's own: nobody uses them yet. */
  readonly fresh: ReadonlySet<string>
  /** Tables of which a constraint was validated. */
  readonly validated: ReadonlySet<string>
  readonly isOutsideTransaction: boolean
}

/** The tables (or other things) that a statement happens to; none where it is not of the kind that is looked for. */
export type Find = (node: Node, before: Before) => readonly string[]

type TableChange = Extract<Node, { AlterTableStmt: unknown }>['AlterTableStmt']
type Command = Extract<Node, { AlterTableCmd: unknown }>['AlterTableCmd']
export type Constraint = Extract<Node, { Constraint: unknown }>['Constraint']
type Relation = NonNullable<TableChange['relation']>

export const nameOf = ({ schemaname, relname }: Relation = {}): string =>
  schemaname === undefined ? (relname ?? '?') : `${schemaname}.${relname ?? '?'}`

/** The relation of a statement where it is one that is in use. */
export const inUse = (relation: Relation | undefined, { fresh }: Before): readonly string[] =>
  relation === undefined || fresh.has(nameOf(relation)) ? [] : [nameOf(relation)]

/** One finding for each command of an `alter table` that `found` holds for. */
export function commands(found: (command: Command, table: string, before: Before) => boolean): Find {
  return (node, before) => {
    if (!('AlterTableStmt' in node)) return []
    const { relation, cmds = [] } = node.AlterTableStmt
    return inUse(relation, before).flatMap((table) =>
      cmds.flatMap((each) => ('AlterTableCmd' in each && found(each.AlterTableCmd, table, before) ? [table] : [])),
    )
  }
}

export const subtype = (...subtypes: Command['subtype'][]) => commands((command) => subtypes.includes(command.subtype))

/** The constraints that a command adds, by themselves or with a column. */
export function constraintsOf({ subtype: kind, def }: Command): readonly Constraint[] {
  if (def === undefined) return []
  if (kind === 'AT_AddConstraint' && 'Constraint' in def) return [def.Constraint]
  if (kind !== 'AT_AddColumn' || !('ColumnDef' in def)) return []
  return (def.ColumnDef.constraints ?? []).flatMap((each) => ('Constraint' in each ? [each.Constraint] : []))
}

export const adds = (found: (constraint: Constraint) => boolean) =>
  commands((command) => constraintsOf(command).some((constraint) => found(constraint)))

/** Functions whose value is the same for all rows of a statement: the column gets it without a row being written. */
const stableFunctions = new Set(['now', 'transaction_timestamp', 'statement_timestamp', 'current_setting'])

export const isVolatile = (expression: Node | undefined): boolean =>
  someNode(expression, (node) => {
    const call = node['FuncCall'] as { funcname?: { String?: { sval?: string } }[] } | undefined
    return call !== undefined && !stableFunctions.has(call.funcname?.at(-1)?.String?.sval ?? '')
  })

export const isSerial = ({ def }: Command): boolean =>
  def !== undefined &&
  'ColumnDef' in def &&
  someNode(def.ColumnDef.typeName, (node) => /^(small|big)?serial\d?$/.test(String(node['sval'])))

export const columnHas = (command: Command, kind: Constraint['contype']): boolean =>
  constraintsOf(command).some(({ contype }) => contype === kind)

/** What the release before may ask for by name. */
export const namedThings = {
  tables: [
    'OBJECT_TABLE',
    'OBJECT_VIEW',
    'OBJECT_MATVIEW',
    'OBJECT_SCHEMA',
    'OBJECT_FUNCTION',
    'OBJECT_TYPE',
    'OBJECT_SEQUENCE',
    'OBJECT_ROLE',
  ],
  columns: ['OBJECT_COLUMN', 'OBJECT_ATTRIBUTE'],
}

export const droppedNames = (objects: readonly Node[] = []): string[] =>
  objects.map((object) => {
    const parts: string[] = []
    someNode(object, ({ sval }) => (typeof sval === 'string' && parts.push(sval), false))
    return parts.join('.')
  })

export const drops = (kinds: readonly string[], found: (isConcurrent: boolean) => boolean): Find => {
  return (node, { fresh }) => {
    if (!('DropStmt' in node)) return []
    const { removeType, objects, concurrent } = node.DropStmt
    if (!kinds.includes(removeType ?? '') || !found(concurrent === true)) return []
    return droppedNames(objects).filter((name) => !fresh.has(name))
  }
}

/** The tables that a query reads. */
export function rangesIn(query: Node | undefined): Relation[] {
  const found: Relation[] = []
  const withs = new Set<unknown>()
  someNode(query, (node) => {
    const { RangeVar: range, CommonTableExpr: named } = node as {
      RangeVar?: Relation
      CommonTableExpr?: { ctename?: string }
    }
    if (range !== undefined) found.push(range)
    if (named !== undefined) withs.add(named.ctename)
    return false
  })
  return found.filter(({ schemaname, relname }) => schemaname !== undefined || !withs.has(relname))
}
