import type { TenantList } from '@jidoka/contract'
import { ConditionMark, Table, useFormat } from '@jidoka/ui'
import { useText } from '../app/console-context.tsx'
import { enterRow } from '../app/use-row-keys.ts'

export function DatabaseTable({ list }: { list: TenantList }) {
  const t = useText()
  const format = useFormat()
  return (
    <Table
      caption={t('tenants.databases')}
      rows={list.databases}
      rowKey={({ name }) => name}
      onRowKey={enterRow}
      columns={[
        { key: 'name', header: t('tenants.database'), cell: ({ name }) => <code>{name}</code> },
        { key: 'kind', header: t('tenants.kind'), cell: ({ kind }) => t(`tenants.kind_${kind}`) },
        {
          key: 'tenants',
          header: t('tenants.count'),
          align: 'right',
          cell: ({ name, answers }) => (
            <span className="number">
              {answers ? format.count(list.tenants.filter(({ database }) => database === name).length) : '–'}
            </span>
          ),
        },
        {
          key: 'size',
          header: t('tenants.size'),
          align: 'right',
          cell: ({ bytes }) => <span className="number">{bytes === null ? '–' : format.bytes(bytes)}</span>,
        },
        {
          key: 'answers',
          header: t('tenants.state'),
          cell: ({ answers }) =>
            answers ? (
              t('tenants.answers')
            ) : (
              <span className="row row-marked">
                <ConditionMark condition="abnormal" />
                {t('tenants.away')}
              </span>
            ),
        },
      ]}
    />
  )
}
