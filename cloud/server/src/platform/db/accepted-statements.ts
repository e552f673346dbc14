import type { UnsafeFinding, UnsafeName } from './unsafe-statements.ts'

/** Statements of unsafe-statements.ts that stand in a migration all the same, each with its reason. */
export interface AcceptedStatement {
  readonly migration: string
  readonly name: UnsafeName
  /** As the check names it. */
  readonly target: string
  readonly why: string
}

const beforeFirstRelease =
  'Older than the first release: no database has rows yet that this takes long for, and no release before asks for what goes.'

export const acceptedStatements: readonly AcceptedStatement[] = [
  {
    migration: '20261121_0900__foundation',
    name: 'hidden_from_this_check',
    target: 'do',
    why: 'Makes the two roles where they are missing, and touches no table.',
  },
  {
    migration: '20261121_1430__drops_of_classes',
    name: 'constraint_that_builds_an_index',
    target: 'fleet.drops',
    why: beforeFirstRelease,
  },
  ...(
    [
      ['row_security_weakened', 'core.reading_segments'],
      ['row_security_weakened', 'core.reading_segments_default'],
      ['rows_copied', 'core.reading_segments'],
      ['dropped', 'core.sensor_events'],
      ['hidden_from_this_check', 'do'],
      ['moved_to_another_schema', 'core.reading_segments'],
      ['rows_copied', 'jidoka_compacting.reading_segments'],
    ] as const
  ).map(([name, target]) => ({
    migration: '20261121_1640__compact_readings',
    name,
    target,
    why: `${beforeFirstRelease} The owner reads the rows of all tenants while the lock of the migration keeps everybody out, and drops the table that it read.`,
  })),
  {
    migration: '20261121_1715__two_histories_and_commands',
    name: 'index_built_under_lock',
    target: 'fleet.outages',
    why: beforeFirstRelease,
  },
  {
    migration: '20261121_1720__shape_key',
    name: 'constraint_that_builds_an_index',
    target: 'fleet.desired',
    why: beforeFirstRelease,
  },
  {
    migration: '20261121_1720__shape_key',
    name: 'index_built_under_lock',
    target: 'fleet.desired',
    why: beforeFirstRelease,
  },
  {
    migration: '20261121_1920__audit_chain',
    name: 'hidden_from_this_check',
    target: 'do',
    why: `${beforeFirstRelease} It notes the entries of each tenant for the job that seals them.`,
  },
  {
    migration: '20261121_2021__partition_indexes',
    name: 'hidden_from_this_check',
    target: 'do',
    why: `${beforeFirstRelease} It detaches the partitions and attaches them again, so that they keep their indexes when those of the whole go; each is looked through once.`,
  },
  {
    migration: '20261121_2055__judgment_filters',
    name: 'hidden_from_this_check',
    target: 'do',
    why: `${beforeFirstRelease} It makes the indexes of each partition that is still hot.`,
  },
]

export const isAccepted = (migration: string, { name, target }: Pick<UnsafeFinding, 'name' | 'target'>): boolean =>
  acceptedStatements.some(
    (accepted) => accepted.migration === migration && accepted.name === name && accepted.target === target,
  )
