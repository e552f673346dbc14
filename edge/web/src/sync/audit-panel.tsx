import { edgePaths, type SyncAudit, type SyncStatus } from '@jidoka/contract'
import { Button, Progress, ResourceView, Table, Told, useFormat, useResource, useToasts } from '@jidoka/ui'
import { useText } from '../messages/index.ts'
import { useSession } from '../session/session-context.tsx'
import { useSettingsRefusal } from './use-sync-status.ts'

type Report = NonNullable<SyncAudit['report']>

/** 3 s: a comparison takes seconds to minutes. */
const refreshEveryMs = 3_000

/** Whether appliance and cloud hold the same rows, range by range. */
export function AuditPanel({ status }: { status: SyncStatus }) {
  const t = useText()
  const format = useFormat()
  const { api } = useSession()
  const toasts = useToasts()
  const refusal = useSettingsRefusal()
  const resource = useResource(
    'sync audit',
    async (signal) => (await api.get<SyncAudit>(edgePaths.syncAudit, { signal })).data,
    refreshEveryMs,
  )
  const isRunning = resource.data?.state === 'running'
  const begin = async (repair: boolean) => {
    try {
      await api.post(edgePaths.syncAudit, { repair })
      resource.reload()
    } catch (error) {
      toasts.failed(error)
    }
  }
  const notNow =
    status.state === 'not_enrolled' ? t('line.no_cloud') : status.state === 'online' ? refusal : t('audit.needs_line')
  const last = status.last_audit
  return (
    <section className="panel stack no-print" aria-labelledby="sync-audit">
      <h2 id="sync-audit">{t('audit.title')}</h2>
      <p>
        {last === null
          ? t('audit.never')
          : t(last.is_whole ? 'audit.last_whole' : 'audit.last_differs', {
              time: format.instant(last.at, 'dateSecond'),
              differences: last.differences,
            })}
      </p>
      <ResourceView resource={resource} rows={1}>
        {(audit) => (
          <>
            {audit.state === 'running' ? (
              <Progress label={t('audit.title')} fraction={null}>
                {t('audit.running', { time: format.instant(audit.started_at, 'second') })}
              </Progress>
            ) : null}
            {audit.state === 'failed' ? (
              <div className="note note-error note-stacked" role="alert">
                <p>{t('audit.failed')}</p>
                <p className="second small">{audit.problem === null ? null : <Told text={audit.problem} />}</p>
              </div>
            ) : null}
            {audit.report === null ? null : <ReportView report={audit.report} />}
          </>
        )}
      </ResourceView>
      <div className="row row-top">
        <Button busy={isRunning} refused={notNow} onClick={() => void begin(false)}>
          {t('audit.check')}
        </Button>
        <Button busy={isRunning} refused={notNow} refusedShown="spoken" onClick={() => void begin(true)}>
          {t('audit.repair')}
        </Button>
      </div>
    </section>
  )
}

function ReportView({ report }: { report: Report }) {
  const t = useText()
  const format = useFormat()
  return (
    <>
      <p>
        {t('audit.checked', { ranges: report.ranges, rows: report.rows })}{' '}
        {report.unknown === 0 ? null : t('audit.unknown', { ranges: report.unknown })}
      </p>
      {report.differences.length === 0 ? null : (
        <Table
          caption={t('audit.differences')}
          rows={report.differences}
          rowKey={(each) => `${each.lane} ${each.range} ${each.where}`}
          columns={[
            {
              key: 'range',
              header: t('audit.range'),
              cell: (each) =>
                t('audit.range_text', {
                  lane: t(`sync.lane_short_${each.lane}`),
                  from: each.from_seq,
                  to: each.to_seq,
                }),
            },
            { key: 'where', header: t('audit.where'), cell: (each) => t(`audit.${each.where}`) },
            {
              key: 'here',
              header: t('audit.here'),
              align: 'right',
              cell: (each) => format.count(each.edge_count),
            },
            { key: 'cloud', header: t('audit.cloud'), align: 'right', cell: (each) => format.count(each.cloud_count) },
            {
              key: 'repair',
              header: t('audit.repaired_header'),
              cell: (each) => (
                <>
                  {each.repair === null ? t('audit.not_repaired') : t(`audit.${each.repair}`)}
                  {each.detail === null ? null : (
                    <div className="second small">
                      <Told text={each.detail} />
                    </div>
                  )}
                </>
              ),
            },
          ]}
        />
      )}
    </>
  )
}
