import type { EdgeDetail } from '@jidoka/contract'
import {
  Age,
  Button,
  Dialog,
  Facts,
  formatInstant,
  Link,
  ResourceView,
  Table,
  useFormat,
  useLocalText,
  useResource,
  useToasts,
  useUi,
  type Column,
} from '@jidoka/ui'
import { useState } from 'react'
import { useConsole, useRefusal, useText } from '../app/console-context.tsx'
import { Digest } from '../app/copy-button.tsx'
import { useDirectory } from '../app/directory.tsx'
import { Pane, Part } from '../app/pane.tsx'
import { places } from '../app/places.ts'
import { useLiveEvents } from '../live/live-context.tsx'
import { useCoalesced } from '../live/use-coalesced.ts'
import { EdgeStateMark } from './edge-state-mark.tsx'
import { itemState, sortItems, type FleetItem } from './item-state.ts'

/** A busy edge is heard several times a second; its cursors are worth reading every other second. */
const restMs = 2_000
const refreshEveryMs = 30_000

/** Everything about one edge: who it is, up to where it has sent, what it shall have and what it says that it has. */
export function EdgePane({ id, onClose }: { id: string; onClose: () => void }) {
  const { api } = useConsole()
  const { edges } = useDirectory()
  const resource = useResource(`edge ${id}`, (signal) => api.edge(id, signal), refreshEveryMs)
  const askAgain = useCoalesced(resource.reload, restMs)
  useLiveEvents({
    onEvent: ({ event, data }) => {
      if ((event === 'deployment' || event === 'edge') && data.edge_id === id) askAgain()
    },
    onGap: resource.reload,
  })
  const name = resource.data?.name ?? edges.data?.find((edge) => edge.id === id)?.name ?? id
  return (
    <Pane title={name} onClose={onClose}>
      <ResourceView resource={resource}>{(edge) => <EdgeParts edge={edge} onChanged={resource.reload} />}</ResourceView>
    </Pane>
  )
}

function EdgeParts({ edge, onChanged }: { edge: EdgeDetail; onChanged: () => void }) {
  const t = useText()
  const local = useLocalText()
  const { locale } = useUi()
  const at = (instant: string | null) => formatInstant(instant, 'full', locale, edge.site.time_zone)
  return (
    <>
      <Facts
        facts={[
          [t('fleet.site'), `${local(edge.site.name)} (${edge.site.code}, ${edge.site.time_zone})`],
          [t('fleet.state'), <EdgeStateMark key="state" state={edge.state} />],
          [
            t('fleet.seen'),
            <span key="seen">
              <Age at={edge.seen_at} /> · {at(edge.seen_at)}
            </span>,
          ],
          [t('fleet.enrolled'), at(edge.enrolled_at)],
          [t('fleet.version'), edge.program_version],
          [t('fleet.id'), <code key="id">{edge.id}</code>],
        ]}
      />
      <p className="row">
        <Link href={places.judgments({ edge: edge.id })}>{t('fleet.its_judgments')}</Link>
        <Link href={places.judgments({ edge: edge.id, abnormal: true })}>{t('fleet.its_abnormal')}</Link>
      </p>
      <Part title={t('fleet.items')}>
        {edge.items.length === 0 ? (
          <p className="second">{t('fleet.no_items')}</p>
        ) : (
          <ItemTable edge={edge} onChanged={onChanged} />
        )}
      </Part>
      <Part title={t('fleet.lanes')}>
        <LaneTable edge={edge} />
      </Part>
    </>
  )
}

function ItemTable({ edge, onChanged }: { edge: EdgeDetail; onChanged: () => void }) {
  const t = useText()
  const local = useLocalText()
  const refusal = useRefusal()
  const { rules } = useDirectory()
  const [withdrawing, setWithdrawing] = useState<FleetItem | null>(null)
  const itemName = (item: FleetItem) => {
    if (item.kind !== 'rule') return item.key
    const rule = rules.data?.find(({ definition }) => definition.id === item.key)
    return rule === undefined ? item.key : <Link href={places.rule(item.key)}>{local(rule.definition.name)}</Link>
  }
  const kind = (item: FleetItem) =>
    item.kind === 'rule' || item.kind === 'tag_catalogue' || item.kind === 'site' || item.kind === 'user'
      ? t(`item_kind.${item.kind}`)
      : item.kind
  const columns: readonly Column<FleetItem>[] = [
    {
      key: 'item',
      header: t('fleet.item'),
      cell: (item) => (
        <>
          {itemName(item)}
          <div className="second small">{kind(item)}</div>
        </>
      ),
    },
    {
      key: 'desired',
      header: t('fleet.desired'),
      align: 'right',
      cell: (item) => <Version version={item.desired_version} at={item.desired_at} />,
    },
    {
      key: 'reported',
      header: t('fleet.reported'),
      align: 'right',
      cell: (item) => <Version version={item.reported?.version ?? null} at={item.reported_at} />,
    },
    {
      key: 'state',
      header: t('fleet.state'),
      cell: (item) => (
        <>
          <span className={`item-state item-state-${itemState(item)}`}>{t(`item_state.${itemState(item)}`)}</span>
          {item.reported?.problem ? <div className="small problem">{item.reported.problem}</div> : null}
        </>
      ),
    },
    {
      key: 'withdraw',
      header: <span className="visually-hidden">{t('fleet.withdraw')}</span>,
      cell: (item) =>
        item.kind === 'rule' && item.desired_version !== null ? (
          <Button
            look="quiet"
            className="button-small"
            refused={refusal('rule:deploy')}
            refusedShown="spoken"
            title={refusal('rule:deploy') ?? undefined}
            onClick={() => setWithdrawing(item)}
          >
            {t('fleet.withdraw')}
          </Button>
        ) : null,
    },
  ]
  return (
    <>
      <Table
        caption={t('fleet.items')}
        columns={columns}
        rows={sortItems(edge.items)}
        rowKey={(item) => `${item.kind}/${item.key}`}
      />
      {withdrawing === null ? null : (
        <WithdrawDialog edge={edge} item={withdrawing} onClose={() => setWithdrawing(null)} onDone={onChanged} />
      )}
    </>
  )
}

function Version({ version, at }: { version: number | null; at: string | null }) {
  const t = useText()
  if (version === null) return <span className="second">–</span>
  return (
    <>
      {t('fleet.version_number', { version })}
      <div className="small">
        <Age at={at} />
      </div>
    </>
  )
}

function WithdrawDialog({
  edge,
  item,
  onClose,
  onDone,
}: {
  edge: EdgeDetail
  item: FleetItem
  onClose: () => void
  onDone: () => void
}) {
  const t = useText()
  const { api } = useConsole()
  const toasts = useToasts()
  const [busy, setBusy] = useState(false)
  const withdraw = async () => {
    setBusy(true)
    try {
      await api.withdrawRule(edge.id, item.key)
      toasts.done(t('fleet.withdrawn', { rule: item.key, edge: edge.name }))
      onDone()
      onClose()
    } catch (error) {
      toasts.failed(error)
      setBusy(false)
    }
  }
  return (
    <Dialog
      title={t('fleet.withdraw_title', { rule: item.key })}
      onClose={onClose}
      footer={
        <Button look="primary" busy={busy} onClick={() => void withdraw()}>
          {t('fleet.withdraw')}
        </Button>
      }
    >
      <p>{t('fleet.withdraw_body', { edge: edge.name })}</p>
    </Dialog>
  )
}

function LaneTable({ edge }: { edge: EdgeDetail }) {
  const t = useText()
  const format = useFormat()
  if (edge.lanes.length === 0) return <p className="second">{t('fleet.no_lanes')}</p>
  return (
    <Table
      caption={t('fleet.lanes')}
      rows={edge.lanes}
      rowKey={(lane) => `${lane.lane}/${lane.epoch}`}
      columns={[
        {
          key: 'lane',
          header: t('fleet.lane'),
          cell: (lane) => (
            <>
              {t(`lane.${lane.lane}`)}
              <div className="second small" title={lane.epoch}>
                {t('fleet.epoch', { epoch: lane.epoch.slice(-8) })}
              </div>
            </>
          ),
        },
        { key: 'seq', header: t('fleet.up_to'), align: 'right', cell: (lane) => format.count(lane.received_seq) },
        { key: 'rows', header: t('fleet.rows'), align: 'right', cell: (lane) => format.count(lane.rows_total) },
        { key: 'at', header: t('fleet.received'), align: 'right', cell: (lane) => <Age at={lane.received_at} /> },
        { key: 'digest', header: t('fleet.digest'), cell: (lane) => <Digest value={lane.digest} /> },
      ]}
    />
  )
}
