import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { describeError, FolderInUseError, lockFolder } from '@jidoka/base'
import type { Log } from '@jidoka/base'
import type { KeepingPolicy } from '../keeping/policy.ts'
import type { Damage } from '../keeping/set-aside.ts'
import type { CommandJournal, Pipeline } from '../ports.ts'
import { toOpenError } from '../store/database.ts'
import { JournalOpenError } from '../store/errors.ts'
import type { SegmentReplaced, SegmentReplacement } from '../store/segment-replacer.ts'
import { JournalPipeline } from './journal-pipeline.ts'
import type { FromWorker, WorkerStart } from './worker-messages.ts'

export interface PipelineOptions {
  /** Holds `journal.db` and what belongs to it; made when absent. */
  readonly dataFolder: string
  readonly tenantId: string
  readonly log: Log
  /**
   * Called when the journal's thread dies, which nothing can make good in this process. Default: says so and ends the
   * process with code 1.
   */
  readonly onFailure?: (error: Error) => void
  /** The worker's entry, where the program is bundled. */
  readonly workerFile?: URL
  /** The rule module's file, where the program is bundled. */
  readonly ruleModuleFile?: string
  /** Bounds the database, in pages of 4 KiB; the disk is full for it beyond. */
  readonly pageCountMax?: number
  /** How long and how much is kept; absent: everything, and no space is held in reserve. */
  readonly keeping?: KeepingPolicy | undefined
}

export type OpenPipeline = Pipeline &
  CommandJournal & {
    /** Puts a merged segment in the place of its parts, in one commit; see merging/. */
    replaceSegments(merged: SegmentReplacement): Promise<SegmentReplaced>
    /** The life of this data folder: a uuid, made with it. */
    readonly epoch: string
    /** What opening found worth telling a person; null when the last stop was in order. */
    readonly found: string | null
    /** What a reader has found damaged; true when the journal has set it aside. */
    reportDamage(damage: Damage): Promise<boolean>
    /** Bounds the database's size from now on, in pages of 4 KiB: for rehearsing a full disk. */
    limitPages(pageCountMax: number): void
    /** Takes nothing more, commits what was taken, closes the journal in order and gives the folder back. */
    stop(): Promise<void>
  }

/**
 * Opens a data folder for writing and starts its worker. When it resolves, readers may open the folder too.
 * @throws JournalOpenError with a sentence when the folder cannot be used; FolderInUseError when another process has it.
 */
export async function openPipeline(options: PipelineOptions): Promise<OpenPipeline> {
  const unlock = lock(options.dataFolder)
  try {
    const start: WorkerStart = {
      dataFolder: options.dataFolder,
      tenantId: options.tenantId,
      pageCountMax: options.pageCountMax,
      keeping: options.keeping,
      ruleModuleFile: options.ruleModuleFile,
    }
    const worker = new Worker(options.workerFile ?? new URL('./journal-worker.ts', import.meta.url), {
      workerData: start,
      name: 'journal',
    })
    const opened = await firstWord(worker, options.dataFolder)
    if (opened.found !== null) options.log.warn({ action: 'open' }, opened.found)
    const pipeline = new JournalPipeline(
      worker,
      options.log,
      options.onFailure ?? ((error) => endProcess(error, options.log)),
    )
    const stop = pipeline.stop.bind(pipeline)
    return Object.assign(pipeline, {
      epoch: opened.epoch,
      found: opened.found,
      stop: async () => {
        await stop()
        unlock()
      },
    })
  } catch (error) {
    unlock()
    throw error
  }
}

/** A lock of the journal's own, beside the program's: a second writer would give numbers twice. */
function lock(dataFolder: string): () => void {
  try {
    return lockFolder(join(dataFolder, 'journal.writer'))
  } catch (error) {
    if (error instanceof FolderInUseError) throw new FolderInUseError(dataFolder, error.pid)
    throw toOpenError(error, dataFolder)
  }
}

function firstWord(worker: Worker, dataFolder: string): Promise<FromWorker & { kind: 'opened' }> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      worker.off('error', onError).off('exit', onExit).off('message', onMessage)
      act()
    }
    const onError = (error: unknown) => settle(() => reject(error))
    const onExit = (code: number) =>
      settle(() =>
        reject(
          new JournalOpenError(
            dataFolder,
            `The journal's thread ended before it had opened ${dataFolder} (code ${code}).`,
          ),
        ),
      )
    const onMessage = (message: FromWorker) => {
      if (message.kind === 'opened') settle(() => resolve(message))
      else if (message.kind === 'not_opened') settle(() => reject(new JournalOpenError(dataFolder, message.message)))
    }
    worker.on('error', onError).on('exit', onExit).on('message', onMessage)
  })
}

function endProcess(error: Error, log: Log): void {
  log.fatal(
    { action: 'journal', problem: describeError(error) },
    'The journal has failed and the appliance ends. What was acknowledged is on disk; start it again.',
  )
  process.exit(1)
}
