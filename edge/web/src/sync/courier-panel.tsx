import type { SyncStatus } from '@jidoka/contract'
import { useText } from '../messages/index.ts'
import { CourierExportPart } from './courier-export.tsx'
import { CourierImportPart } from './courier-import.tsx'

/** The way to the cloud for a plant without a line: files that somebody carries. */
export function CourierPanel({ status, onChanged }: { status: SyncStatus; onChanged: () => void }) {
  const t = useText()
  return (
    <section className="panel stack no-print" aria-labelledby="sync-courier">
      <h2 id="sync-courier">{t('courier.title')}</h2>
      <p className="second small">{t('courier.hint')}</p>
      <CourierExportPart status={status} />
      <CourierImportPart status={status} onChanged={onChanged} />
    </section>
  )
}
