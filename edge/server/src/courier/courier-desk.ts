import { randomUUID } from 'node:crypto'
import type { Clock } from '@jidoka/base'
import { OperationalError } from '@jidoka/base'
import { courierExportSchema } from '@jidoka/contract'
import type { CourierExport, CourierImport } from '@jidoka/contract'
import { courierLimits, epochStart, lanes, pointOf } from '@jidoka/sync-protocol'
import type { CourierBytes, Lane } from '@jidoka/sync-protocol'
import { z } from 'zod'
import { instant } from '../board/views.ts'
import type { EdgeIdentity, Enrolled } from '../uplink/identity.ts'
import { exportFile } from './export-file.ts'
import type { CourierLine } from './courier-line.ts'
import type { ExportParts, ExportPlan, LanePlace } from './export-file.ts'
import { importFile } from './import-file.ts'
import type { ImportParts } from './import-file.ts'

export interface CourierDeskOptions {
  readonly identity: EdgeIdentity
  readonly batches: ExportParts['batches'] & ImportParts['batches']
  readonly pipeline: ExportParts['pipeline'] &
    ImportParts['pipeline'] & { appendRecord(record: AuditRecord): Promise<void> }
  readonly reader: ImportParts['reader']
  readonly clock: Clock
  /** The line as it is now; null where no cloud is configured. */
  readonly line: () => CourierLine | null
}

interface AuditRecord {
  readonly kind: 'audit'
  readonly at_ms: number
  readonly body: {
    actor: string
    action: string
    subject: string
    detail: Record<string, string | number | boolean | null>
  }
}

export interface ExportQuestion {
  readonly bytesMax?: number | undefined
  readonly from?: Readonly<Partial<Record<Lane, number | undefined>>>
}

/** Exports that are remembered, for the page and for who goes on with the next file. */
const exportsKept = 20
const exportsSetting = 'courier_exports'

/** Something else is under way; the caller tries again later. */
export class CourierBusyError extends OperationalError {
  override name = 'CourierBusyError'
}

/** Courier files of an appliance: what waits for the cloud goes out on a stick, and what the cloud says comes in. One at a time. */
export class CourierDesk {
  readonly #options: CourierDeskOptions
  #isBusy = false

  constructor(options: CourierDeskOptions) {
    this.#options = options
  }

  /** The newest first. */
  exports(): readonly CourierExport[] {
    const stored = z
      .array(courierExportSchema)
      .safeParse(JSON.parse(this.#options.reader.setting(exportsSetting) ?? '[]'))
    return stored.success ? stored.data : []
  }

  /**
   * One file of what waits for the cloud. Its bytes are made as they are read; the line goes on meanwhile, and what both bring is counted once.
   * @throws OperationalError when there is nothing to encrypt to, CourierBusyError
   */
  async export(question: ExportQuestion, actor: string): Promise<{ fileId: string; bytes: AsyncGenerator<Buffer> }> {
    const { identity, clock, pipeline, reader, batches, line } = this.#options
    const enrolled = this.#enrolled()
    if (enrolled.trust === undefined)
      throw new OperationalError(
        "This appliance does not know the cloud's courier key yet. It comes over the line once the cloud is of version 1.2 or later, or with a courier file that the console exports.",
      )
    const plan = this.#plan(question)
    const free = this.#occupy()
    try {
      const fileId = randomUUID()
      const nowMs = clock.nowMs()
      await this.#audit(actor, 'courier.export', fileId, {
        records_behind: plan.after.records.point.seq,
        readings_behind: plan.after.readings.point.seq,
      })
      const parts: ExportParts = {
        identity,
        enrolled,
        recipientKey: enrolled.trust.courier_key,
        epoch: reader.epoch,
        startSeqs: reader.startSeqs(),
        batches,
        pipeline,
        onLeft: (lane, toSeq) => line()?.exported(lane, toSeq),
        nowMs,
        fileId,
      }
      return { fileId, bytes: this.#written(parts, plan, free) }
    } catch (error) {
      free()
      throw error
    }
  }

  /**
   * Takes a file of the cloud in.
   * @throws CourierError, CourierBusyError
   */
  async import(bytes: CourierBytes, actor: string): Promise<CourierImport> {
    const enrolled = this.#enrolled()
    const free = this.#occupy()
    const { identity, batches, pipeline, reader, line } = this.#options
    try {
      const imported = await importFile({ identity, enrolled, batches, pipeline, reader, line: line() }, bytes)
      await this.#audit(actor, 'courier.import', imported.file_id, { desired: imported.desired, items: imported.items })
      return imported
    } finally {
      free()
    }
  }

  async *#written(parts: ExportParts, plan: ExportPlan, free: () => void): AsyncGenerator<Buffer> {
    try {
      const file = exportFile(parts, plan)
      for (;;) {
        const { done, value } = await file.next()
        if (done !== true) {
          yield value
          continue
        }
        const exported: CourierExport = {
          file_id: parts.fileId,
          created_at: instant(parts.nowMs),
          bytes: value.bytes,
          records: value.lanes?.records ?? null,
          readings: value.lanes?.readings ?? null,
          has_more: value.has_more,
        }
        const kept = [exported, ...this.exports()].slice(0, exportsKept)
        await this.#options.pipeline.saveSetting(exportsSetting, JSON.stringify(kept))
        return
      }
    } finally {
      free()
    }
  }

  #plan({ bytesMax, from }: ExportQuestion): ExportPlan {
    const { reader } = this.#options
    const receipted = reader.receipted()
    const { recordsSeq, readingsSeq } = reader.lanes()
    const startSeqs = reader.startSeqs()
    const after = (lane: Lane): LanePlace => {
      const first = from?.[lane]
      // Count and digest of a point in the middle are not known, and nothing that leaves says them.
      if (first !== undefined) return { point: epochStart(first), isKnown: false }
      const receipt = receipted[lane]
      return { point: receipt === null ? epochStart(startSeqs[lane]) : pointOf(receipt), isKnown: true }
    }
    const plan = {
      after: { records: after('records'), readings: after('readings') },
      lastSeq: { records: recordsSeq, readings: readingsSeq },
      bytesMax: Math.min(
        courierLimits.fileBytesMax,
        Math.max(courierLimits.fileBytesAimedMin, bytesMax ?? courierLimits.fileBytesAimed),
      ),
    }
    for (const lane of lanes)
      if (plan.after[lane].point.seq > plan.lastSeq[lane])
        throw new OperationalError(
          `The lane of ${lane} ends with ${plan.lastSeq[lane]}: there is nothing from ${plan.after[lane].point.seq + 1} on.`,
        )
    return plan
  }

  #enrolled(): Enrolled {
    const { enrolled } = this.#options.identity
    if (enrolled === null)
      throw new OperationalError(
        "This appliance is not enrolled: the two ends do not know each other's keys. Enrol it once where it reaches the cloud; afterwards files are enough.",
      )
    return enrolled
  }

  #occupy(): () => void {
    if (this.#isBusy)
      throw new CourierBusyError('Another courier file is being written or read here. Wait until it is done.')
    this.#isBusy = true
    let isMine = true
    return () => {
      if (isMine) this.#isBusy = false
      isMine = false
    }
  }

  #audit(actor: string, action: string, subject: string, detail: AuditRecord['body']['detail']): Promise<void> {
    const { pipeline, clock } = this.#options
    return pipeline.appendRecord({ kind: 'audit', at_ms: clock.nowMs(), body: { actor, action, subject, detail } })
  }
}
