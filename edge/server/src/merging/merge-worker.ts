import { workerData } from 'node:worker_threads'
import { describeError, isErrno, OperationalError } from '@jidoka/base'
import { Scrub } from '../keeping/scrub.ts'
import type { ScrubPosition, ScrubStep } from '../keeping/scrub.ts'
import { openForReading } from '../store/database.ts'
import { serveCalls } from '../threads/serve-calls.ts'
import { MergeSteps } from './merge-step.ts'
import type { MergeQuestion, MergeStep } from './merge-step.ts'

/** Building a segment of a million readings takes a third of a second and writes 3 MB: neither sockets nor commits may wait for it. */
const { dataFolder, underWay } = workerData as { readonly dataFolder: string; readonly underWay: Float64Array }
const database = openForReading(dataFolder)
const steps = new MergeSteps(database, dataFolder, underWay)
/** Lives here because this thread may wait for the disk, and has nothing to do most of the time. */
const scrub = new Scrub(database, dataFolder)

const functions = {
  sweep: () => onDisk(() => steps.sweep()),
  next: (question: MergeQuestion) => onDisk(() => steps.next(question)),
  remove: (files: readonly string[]) => onDisk(() => steps.remove(files)),
  scrub: (position: ScrubPosition) => onDisk(() => scrub.step(position)),
  scrubNewest: () => onDisk(() => scrub.newest()),
}

/** What a disk answers is no bug: it is told, and tried again later. */
function onDisk<Result>(work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    const isOfTheDisk =
      isErrno(error, 'ENOSPC', 'EDQUOT', 'EIO', 'EROFS', 'EACCES', 'EPERM', 'EMFILE', 'ENFILE') ||
      (error instanceof Error &&
        'code' in error &&
        /^SQLITE_(BUSY|IOERR|FULL|CORRUPT|CANTOPEN)/.test(String(error.code)))
    if (!isOfTheDisk) throw error
    steps.settled()
    throw new OperationalError(
      `Merging cannot go on now: ${describeError(error)}. It is tried again; readings are stored meanwhile.`,
      { cause: error },
    )
  }
}
export interface MergeFunctions {
  readonly [name: string]: (argument: never) => unknown
  readonly sweep: (nothing: null) => ReturnType<MergeSteps['sweep']>
  readonly next: (question: MergeQuestion) => MergeStep
  readonly remove: (files: readonly string[]) => void
  readonly scrub: (position: ScrubPosition) => ScrubStep
  readonly scrubNewest: (nothing: null) => ScrubStep['damaged']
}

serveCalls(functions)
