import { receiptVerdicts, type ReceiptVerdict } from '@jidoka/contract'
import { useText } from '../messages/index.ts'

const holds: Readonly<Record<ReceiptVerdict, boolean>> = {
  rows_match: true,
  signed: true,
  other_rows: false,
  bad_signature: false,
  unknown_key: false,
}

/** What a verification says of one receipt; an appliance that is newer than the page may say more. */
export function Verdict({ verdict }: { verdict: string }) {
  const t = useText()
  const known = receiptVerdicts.find((each) => each === verdict)
  if (known === undefined) return <strong>{verdict}</strong>
  return holds[known] ? (
    <span>{t(`receipt.${known}`)}</span>
  ) : (
    <strong className="receipt-wrong">{t(`receipt.${known}`)}</strong>
  )
}
