import { edgePaths, type KeptReceiptView } from '@jidoka/contract'
import {
  Button,
  Choice,
  EmptyState,
  ResourceView,
  Table,
  useFormat,
  useResource,
  useToasts,
  useUrlState,
  type Column,
} from '@jidoka/ui'
import { useEffect, useRef, useState } from 'react'
import { useText } from '../messages/index.ts'
import { useSession } from '../session/session-context.tsx'
import { allReceipts, receiptFilterField, receiptFilterText, receiptLanes } from './receipt-filter.ts'
import { Verdict } from './receipt-verdict.tsx'
import { ReceiptsVerificationView } from './receipts-verification.tsx'

/** 30 s: new ones come every second of a busy plant; who looks for one has a number. */
const refreshEveryMs = 30_000
const rowsShown = 20

const fields = { receipts: receiptFilterField }

/** What the cloud has signed for, and whether it holds. */
export function Receipts() {
  const t = useText()
  const { api } = useSession()
  const [{ receipts: filter }, change] = useUrlState(fields)
  const section = useRef<HTMLElement>(null)
  const named = receiptFilterText(filter)
  /** Where each page turned to begins, of the filter that it was turned under. */
  const [turned, setTurned] = useState<{ readonly of: string; readonly pages: readonly string[] }>({
    of: '',
    pages: [],
  })
  const pages = turned.of === named ? turned.pages : []
  const before = pages.at(-1)
  const turn = (next: readonly string[]) => setTurned({ of: named, pages: next })
  const resource = useResource(
    `receipts ${named} ${before ?? ''}`,
    (signal) =>
      api.get<KeptReceiptView[]>(edgePaths.receipts, {
        signal,
        query: {
          limit: rowsShown,
          before,
          lane: filter.lane === 'all' ? undefined : filter.lane,
          up_to: filter.upTo ?? undefined,
        },
      }),
    before === undefined ? refreshEveryMs : undefined,
  )
  const { upTo } = filter
  // Who follows a link of the ledger looks for these.
  const target = upTo === null ? null : named
  useEffect(() => {
    if (target !== null) section.current?.scrollIntoView({ block: 'start' })
  }, [target])
  const older = resource.data?.meta.next_cursor
  const isEmpty = filter.lane === 'all' && resource.data?.data.length === 0
  return (
    <section className="panel stack receipts no-print" aria-labelledby="sync-receipts" ref={section}>
      <h2 id="sync-receipts">{t('receipt.title')}</h2>
      <p className="second small">{t('receipt.hint')}</p>
      <ReceiptsVerificationView isEmpty={isEmpty} />
      <div className="row">
        <Choice
          label={t('sync.lane')}
          value={filter.lane}
          options={receiptLanes.map((lane) => ({
            value: lane,
            label: lane === 'all' ? t('receipt.all_lanes') : t(`sync.lane_short_${lane}`),
          }))}
          onChange={(lane) => change({ receipts: { lane, upTo: null } }, { replace: true })}
        />
        {filter.lane === 'all' || upTo === null ? null : (
          <>
            <span>{t('receipt.up_to', { lane: t(`sync.lane_short_${filter.lane}`), seq: upTo })}</span>
            <Button look="quiet" onClick={() => change({ receipts: allReceipts })}>
              {t('receipt.show_all')}
            </Button>
          </>
        )}
      </div>
      <ResourceView resource={resource} rows={6}>
        {({ data }) =>
          data.length === 0 ? (
            <EmptyState title={t('receipt.none')}>{t('receipt.none_hint')}</EmptyState>
          ) : (
            <ReceiptTable receipts={data} />
          )
        }
      </ResourceView>
      {older === undefined && pages.length === 0 ? null : (
        <div className="row">
          <Button
            refused={pages.length === 0 ? t('ledger.is_newest') : null}
            refusedShown="spoken"
            onClick={() => turn(pages.slice(0, -1))}
          >
            {t('ledger.newer')}
          </Button>
          <Button
            refused={older === undefined ? t('ledger.is_oldest') : null}
            refusedShown="spoken"
            onClick={() => (older === undefined ? undefined : turn([...pages, older]))}
          >
            {t('ledger.older')}
          </Button>
        </div>
      )}
    </section>
  )
}

function ReceiptTable({ receipts }: { receipts: readonly KeptReceiptView[] }) {
  const t = useText()
  const format = useFormat()
  const columns: readonly Column<KeptReceiptView>[] = [
    {
      key: 'at',
      header: t('receipt.signed_at'),
      cell: (receipt) => <span className="number">{format.instant(receipt.received_at, 'full')}</span>,
    },
    {
      key: 'lane',
      header: t('sync.lane'),
      cell: (receipt) => (
        <>
          {t(`sync.lane_short_${receipt.lane}`)}
          {receipt.is_present_epoch ? null : (
            <div className="second small" title={receipt.epoch}>
              {t('receipt.former_epoch', { epoch: receipt.epoch.slice(0, 8) })}
            </div>
          )}
        </>
      ),
    },
    {
      key: 'range',
      header: t('receipt.range'),
      align: 'right',
      cell: ({ from_seq: from, up_to_seq: to }) => (
        <span className="number">
          {from === null ? t('receipt.range_up_to', { to }) : t('receipt.range_text', { from, to })}
        </span>
      ),
    },
    {
      key: 'rows',
      header: t('receipt.rows'),
      align: 'right',
      cell: (receipt) => (
        <>
          {receipt.rows === null ? '–' : format.count(receipt.rows)}
          <div className="second small">{t('receipt.rows_total', { rows: receipt.rows_total })}</div>
        </>
      ),
    },
    {
      key: 'proof',
      header: t('receipt.digest_key'),
      cell: (receipt) => (
        <>
          <code className="receipt-digest">{receipt.digest}</code>
          <div className="second small">
            <code>{receipt.key_id}</code>
          </div>
        </>
      ),
    },
    { key: 'verify', header: t('receipt.holds'), cell: (receipt) => <Verify receipt={receipt} /> },
  ]
  return <Table caption={t('receipt.title')} rows={receipts} rowKey={({ id }) => String(id)} columns={columns} />
}

function Verify({ receipt }: { receipt: KeptReceiptView }) {
  const t = useText()
  const { api } = useSession()
  const toasts = useToasts()
  const [busy, setBusy] = useState(false)
  const [verdict, setVerdict] = useState<string | null>(null)
  const verify = async () => {
    setBusy(true)
    try {
      const { data } = await api.post<{ verdict: string }>(edgePaths.receiptVerify, { id: receipt.id })
      setVerdict(data.verdict)
    } catch (error) {
      toasts.failed(error)
    } finally {
      setBusy(false)
    }
  }
  const name = t('receipt.verify_named', { lane: t(`sync.lane_short_${receipt.lane}`), seq: receipt.up_to_seq })
  return (
    <div>
      <output>{verdict === null ? null : <Verdict verdict={verdict} />}</output>
      {verdict === null ? (
        <Button busy={busy} aria-label={name} onClick={() => void verify()}>
          {t('receipt.verify')}
        </Button>
      ) : null}
    </div>
  )
}
