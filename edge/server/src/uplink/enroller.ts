import type { Clock, Log } from '@jidoka/base'
import { enrolmentResponseSchema, protocolVersion, refusals, syncPaths } from '@jidoka/sync-protocol'
import type { EnrolmentRequest } from '@jidoka/sync-protocol'
import { describeFailure } from '@jidoka/sync-engine'
import type { CloudLine } from './cloud-line.ts'
import type { EdgeIdentity } from './identity.ts'
import { cloudLineLimits } from './limits.ts'

export interface EnrollerOptions {
  readonly line: CloudLine
  readonly identity: EdgeIdentity
  readonly clock: Clock
  readonly log: Log
  readonly random: () => number
  readonly token: string
  readonly name: string
  readonly epoch: string
  readonly version: string
  /** A sentence for the screens while it does not succeed. */
  readonly onProblem: (problem: string) => void
}

/**
 * Takes part in the cloud's fleet with a one-time token. A cloud that cannot be reached is tried for ever; a token that
 * it refuses is not tried again: a person must give a new one.
 * @returns true when enrolled; false when the token was refused or `stop` was called.
 */
export class Enroller {
  readonly #options: EnrollerOptions
  #cancelWait: () => void = () => {}
  #isStopping = false

  constructor(options: EnrollerOptions) {
    this.#options = options
  }

  async run(): Promise<boolean> {
    const { line, identity, log, onProblem, random, token } = this.#options
    for (let failures = 0; !this.#isStopping; failures++) {
      const answer = await line.request({
        method: 'POST',
        path: syncPaths.enrol,
        body: Buffer.from(JSON.stringify(this.#request())),
        contentType: 'application/json',
        timeoutMs: cloudLineLimits.enrolmentTimeoutMs,
      })
      if (answer.kind === 'ok') {
        const parsed = enrolmentResponseSchema.safeParse(answer.json)
        if (parsed.success) {
          identity.enrol(parsed.data, token)
          log.info({ action: 'enrolled', edge: parsed.data.edge_id }, 'the cloud has taken this appliance in')
          return true
        }
        onProblem(
          'The cloud answered the enrolment in a way that this program does not understand. Upgrade the older end.',
        )
      } else if (answer.failure.kind === 'refused' && answer.failure.refusal.kind !== 'busy') {
        const { sentence } = refusals[answer.failure.refusal.kind]
        log.error({ action: 'enrolment_refused', reason: answer.failure.refusal.kind }, sentence)
        onProblem(`${sentence} Set it as "cloud.enrolment_token" (JIDOKA_ENROLMENT_TOKEN) and start again.`)
        return false
      } else {
        onProblem(
          `The cloud at ${line.cloudUrl} cannot be reached to enrol: ${describeFailure(answer.failure)}. It is tried again by itself.`,
        )
      }
      const delayMs = Math.min(cloudLineLimits.enrolmentRetryMsMax, cloudLineLimits.enrolmentRetryMsMin * 2 ** failures)
      await this.#wait(delayMs * (0.5 + 0.5 * random()))
    }
    return false
  }

  stop(): void {
    this.#isStopping = true
    this.#cancelWait()
  }

  #request(): EnrolmentRequest {
    const { identity, token, name, epoch, version } = this.#options
    return { protocol: protocolVersion, token, name, public_key: identity.publicKey, epoch, program_version: version }
  }

  #wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(delayMs, resolve)
      this.#cancelWait = () => {
        cancel()
        resolve()
      }
    })
  }
}
