import { Dialog, ResourceView, Table, useFormat, useLocalText, useResource } from '@jidoka/ui'
import { useConsole, useText } from '../app/console-context.tsx'
import { useDirectory } from '../app/directory.tsx'

export function SitesDialog({ onClose }: { onClose: () => void }) {
  const t = useText()
  const local = useLocalText()
  const format = useFormat()
  const { api } = useConsole()
  const { edges } = useDirectory()
  const sites = useResource('sites', api.sites)
  return (
    <Dialog title={t('fleet.sites')} onClose={onClose}>
      <ResourceView resource={sites}>
        {(rows) =>
          rows.length === 0 ? (
            <p>{t('fleet.no_sites')}</p>
          ) : (
            <Table
              caption={t('fleet.sites')}
              rows={rows}
              rowKey={(site) => site.id}
              columns={[
                {
                  key: 'code',
                  header: t('fleet.code'),
                  cell: (site) => <code>{site.code}</code>,
                  compare: (a, b) => a.code.localeCompare(b.code),
                },
                { key: 'name', header: t('fleet.name'), cell: (site) => local(site.name) },
                { key: 'zone', header: t('account.zone'), cell: (site) => site.time_zone },
                {
                  key: 'edges',
                  header: t('fleet.edges'),
                  align: 'right',
                  cell: (site) => format.count(edges.data?.filter((edge) => edge.site.id === site.id).length ?? 0),
                },
              ]}
            />
          )
        }
      </ResourceView>
    </Dialog>
  )
}
