import type { EdgeDetail } from '@jidoka/contract'
import { Age, Button, Dialog, Link, RuleProblemText, Table, useLocalText, useToasts, type Column } from '@jidoka/ui'
import { useState } from 'react'
import { useConsole, useRefusal, useText } from '../app/console-context.tsx'
import { useDirectory } from '../app/directory.tsx'
import { places } from '../app/places.ts'
import { itemKindKey, itemState, sortItems, type FleetItem } from './item-state.ts'

/** What the edge shall have and what it says that it has, side by side; what differs first. */
export function ItemTable({
  edge,
  items,
  onChanged,
}: {
  edge: EdgeDetail
  items: readonly FleetItem[]
  onChanged: () => void
}) {
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
  const kind = ({ kind: told }: FleetItem) => {
    const known = itemKindKey(told)
    return known === null ? told : t(known)
  }
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
          {item.reported?.problem ? (
            <div className="small problem">
              <RuleProblemText text={item.reported.problem} />
            </div>
          ) : null}
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
        rows={sortItems(items)}
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
