import { OperationalError } from '@jidoka/base'
import type { CommandResult } from '@jidoka/domain'
import { batchContentType, rangeOf, rangeRows, refusals, repairAnswerSchema, syncPaths } from '@jidoka/sync-protocol'
import type { BatchSender, Lane } from '@jidoka/sync-protocol'
import type { JournalReader } from '../ports.ts'
import type { CloudLine } from '../uplink/cloud-line.ts'
import type { RepairQuestion } from '../uplink/range-rows.ts'

export interface ResendParts {
  readonly line: Pick<CloudLine, 'request'>
  readonly sender: BatchSender
  readonly reader: Pick<JournalReader, 'receipted' | 'startSeqs' | 'rangeSums'>
  /** All readings of a stretch as one batch; null when they are not all held. */
  readonly repairBatch: (question: RepairQuestion) => Promise<Uint8Array<ArrayBuffer> | null>
  readonly pause: (delayMs: number) => Promise<void>
}

export const resendLimits = {
  /** 1,000 ranges are 65 million readings: half an hour of a fast line. More is a matter for a new epoch. */
  rangesMax: 1_000,
  timeoutMs: 60_000,
  /** A cloud that is busy takes two repairs at once over all its edges, and says when it has room. */
  busyTriesMax: 20,
  busyWaitMsMin: 100,
  busyWaitMsMax: 10_000,
} as const

/**
 * Sends every range once more that holds one of these numbers, as far as it was receipted; the cloud replaces what it holds of it, when the
 * rows come to the sum that it keeps.
 * @throws OperationalError where nothing can be sent, and at a cloud that does not answer.
 */
export async function resendRanges(
  parts: ResendParts,
  { lane, fromSeq, toSeq }: { readonly lane: Lane; readonly fromSeq: number; readonly toSeq: number },
): Promise<CommandResult> {
  if (lane === 'records')
    throw new OperationalError(
      'The cloud takes only readings a second time. Records that it has lost are listed by `jidoka sync audit`.',
    )
  const firstSeq = Math.max(fromSeq, parts.reader.startSeqs().readings)
  const receiptedSeq = parts.reader.receipted().readings?.up_to_seq ?? 0
  const lastSeq = Math.min(toSeq, receiptedSeq)
  if (firstSeq > lastSeq)
    throw new OperationalError(
      `Nothing of ${fromSeq} to ${toSeq} was receipted in this epoch, which begins with ${parts.reader.startSeqs().readings}: what waits is sent by itself.`,
    )
  if (rangeOf(lastSeq) - rangeOf(firstSeq) >= resendLimits.rangesMax)
    throw new OperationalError(`Those are more than ${resendLimits.rangesMax} ranges. Send them again in parts.`)
  let [sent, rows, replaced, notHeld] = [0, 0, 0, 0]
  const refused: string[] = []
  for (let range = rangeOf(firstSeq); range <= rangeOf(lastSeq); range++) {
    // Whole, since the cloud holds a repair against the sum of the range.
    const stretch = {
      fromSeq: Math.max(range * rangeRows + 1, parts.reader.startSeqs().readings),
      toSeq: Math.min((range + 1) * rangeRows, receiptedSeq),
    }
    const [kept] = parts.reader.rangeSums('readings', range, 1)
    const isCounted = kept?.range === range && kept.fromSeq === stretch.fromSeq && kept.upToSeq === stretch.toSeq
    // Fewer rows than numbers, where some were told as dropped.
    const count = isCounted ? kept.count : stretch.toSeq - stretch.fromSeq + 1
    const body = await parts.repairBatch({ sender: parts.sender, ...stretch, count })
    if (body === null) {
      notHeld++
      continue
    }
    const outcome = await post(parts, body)
    if ('refused' in outcome) refused.push(`${stretch.fromSeq} to ${stretch.toSeq}: ${outcome.refused}`)
    else {
      sent++
      rows += count
      replaced += outcome.replaced
    }
  }
  return {
    ranges_sent: sent,
    rows_sent: rows,
    rows_replaced: replaced,
    ranges_not_held: notHeld,
    ranges_refused: refused.length,
    first_refusal: refused[0]?.slice(0, 500) ?? null,
  }
}

async function post(
  { line, pause }: ResendParts,
  body: Uint8Array<ArrayBuffer>,
): Promise<{ readonly replaced: number } | { readonly refused: string }> {
  const { timeoutMs, busyTriesMax, busyWaitMsMin, busyWaitMsMax } = resendLimits
  for (let tries = 1; ; tries++) {
    const answer = await line.request({
      method: 'POST',
      path: syncPaths.repairs,
      body,
      contentType: batchContentType,
      timeoutMs,
    })
    if (answer.kind === 'ok') {
      const parsed = repairAnswerSchema.safeParse(answer.json)
      return parsed.success ? { replaced: parsed.data.replaced } : { refused: 'an answer that is not known here' }
    }
    const { failure } = answer
    if (failure.kind !== 'refused')
      throw new OperationalError('The cloud does not answer. Issue the command again when the line is back.')
    const { refusal } = failure
    if (refusal.kind !== 'busy' || tries >= busyTriesMax)
      return { refused: 'detail' in refusal ? refusal.detail : refusals[refusal.kind].sentence }
    await pause(Math.min(Math.max(refusal.retry_after_ms, busyWaitMsMin), busyWaitMsMax))
  }
}
