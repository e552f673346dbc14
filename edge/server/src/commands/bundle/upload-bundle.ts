import type { Clock } from '@jidoka/base'
import { OperationalError } from '@jidoka/base'
import { syncPaths } from '@jidoka/sync-protocol'
import type { CloudAnswer, CloudLine } from '../../uplink/cloud-line.ts'
import { waitFor } from '../command-runner.ts'
import { commandLimits } from '../limits.ts'

/** The line as it is at this moment; null while there is none. */
export type LineNow = () => Pick<CloudLine, 'request'> | null

/**
 * Sends what a command made to the cloud, under the command's id: a repeat lays the same in the same place.
 * @throws OperationalError when the cloud refuses it, or cannot be reached for a while.
 */
export async function uploadBundle(
  lineNow: LineNow,
  {
    id,
    bytes,
    clock,
    signal,
  }: {
    readonly id: string
    readonly bytes: Uint8Array<ArrayBuffer>
    readonly clock: Clock
    readonly signal: AbortSignal
  },
): Promise<void> {
  let why = 'there was no time for it'
  for (let attempt = 1; attempt <= commandLimits.uploadTriesMax && !signal.aborted; attempt++) {
    if (attempt > 1) {
      const delayMs = commandLimits.uploadDelayMsMin * 2 ** (attempt - 2)
      await waitFor(clock, Math.min(delayMs, commandLimits.uploadDelayMsMax), signal)
    }
    const line = lineNow()
    if (line === null)
      throw new OperationalError(
        'This appliance is not enrolled with a cloud. The bundle lies in the folder "bundles" of the appliance.',
      )
    const answer = await line.request({
      method: 'PUT',
      path: `${syncPaths.bundles}/${id}`,
      body: bytes,
      contentType: 'application/gzip',
      timeoutMs: commandLimits.uploadTimeoutMs,
    })
    if (answer.kind === 'ok') return
    const failure = failureOf(answer)
    if (failure.isFinal)
      throw new OperationalError(
        `The cloud does not take the bundle: ${failure.why}. It lies in the folder "bundles" of the appliance.`,
      )
    why = failure.why
  }
  throw new OperationalError(
    `The bundle could not be uploaded: ${why}. It lies in the folder "bundles" of the appliance; issue the command again when the line is there.`,
  )
}

/** A refusal says what is wrong with this request, except where it only asks for patience. */
function failureOf({ failure }: Extract<CloudAnswer, { kind: 'failed' }>): {
  readonly why: string
  readonly isFinal: boolean
} {
  switch (failure.kind) {
    case 'timeout':
      return { why: 'it does not answer in time', isFinal: false }
    case 'network':
      return { why: `it cannot be reached (${failure.cause})`, isFinal: false }
    case 'strange_answer':
      return {
        why: `it, or something before it, answers with status ${failure.status}`,
        isFinal: failure.status >= 400 && failure.status < 500 && failure.status !== 429,
      }
    default:
      return { why: `it refuses it as "${failure.refusal.kind}"`, isFinal: !patient.has(failure.refusal.kind) }
  }
}

/** Mended by time, or by the next request: load, a clock whose difference was learned from this very answer, a number that was used before. */
const patient: ReadonlySet<string> = new Set(['busy', 'stale', 'replayed'])
