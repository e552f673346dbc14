import type { TenantList } from '@jidoka/contract'
import { Button, Table } from '@jidoka/ui'
import { useText } from '../app/console-context.tsx'
import { enterRow } from '../app/use-row-keys.ts'
import { isUnderWay, targetsOf } from './move-view.ts'

type Tenant = TenantList['tenants'][number]

/** More are found by their name: a table of thousands is slow to draw, and nobody reads it. */
const shownMax = 200

/** @param all where `list` has those alone that were looked for */
export function TenantTable({
  list,
  all,
  onMove,
}: {
  list: TenantList
  all: TenantList
  onMove: (tenant: string) => void
}) {
  const t = useText()
  const isCut = list.tenants.length > shownMax
  // The first of those that are shown would pass for the first of all.
  const sorted = (of: (tenant: Tenant) => string) =>
    isCut ? {} : { compare: (one: Tenant, other: Tenant) => of(one).localeCompare(of(other)) }
  const refusal = ({ id, move }: Tenant): string | null => {
    if (all.databases.length === 1) return t('tenants.alone_title')
    if (move !== null) return t(isUnderWay(move) ? 'tenants.is_moving' : 'tenants.left_first')
    return targetsOf(id, all).length === 0 ? t('tenants.no_target') : null
  }
  return (
    <>
      <Table
        caption={t('tenants.all')}
        rows={list.tenants.slice(0, shownMax)}
        rowKey={({ id }) => id}
        onRowKey={enterRow}
        columns={[
          {
            key: 'id',
            header: t('tenants.tenant'),
            ...sorted(({ id }) => id),
            cell: ({ id }) => <code>{id}</code>,
          },
          {
            key: 'database',
            header: t('tenants.database'),
            ...sorted(({ database }) => database),
            cell: ({ database }) => <code>{database}</code>,
          },
          {
            key: 'kind',
            header: t('tenants.kind'),
            cell: ({ database }) =>
              t(`tenants.lies_${all.databases.find(({ name }) => name === database)?.kind ?? 'unknown'}`),
          },
          {
            key: 'move',
            header: t('tenants.state'),
            cell: ({ move }) => (move === null ? '–' : t(`tenants.step_${move.step}`)),
          },
          {
            key: 'actions',
            header: t('tenants.actions'),
            cell: (tenant) => (
              <Button
                look="quiet"
                aria-label={`${t('tenants.move')}, ${tenant.id}`}
                refused={refusal(tenant)}
                refusedShown="spoken"
                onClick={() => onMove(tenant.id)}
              >
                {t('tenants.move')}
              </Button>
            ),
          },
        ]}
      />
      {isCut ? <p className="second small">{t('tenants.more', { max: String(shownMax) })}</p> : null}
    </>
  )
}
