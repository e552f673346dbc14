import { workerData } from 'node:worker_threads'
import { openForReading } from '../../store/database.ts'
import { serveCalls } from '../../threads/serve-calls.ts'
import { MergeSteps } from '../merge-step.ts'
import type { MergeQuestion } from '../merge-step.ts'

/** A merging thread that breaks down over the first merge, whenever it is planned. */
const { dataFolder, underWay } = workerData as { readonly dataFolder: string; readonly underWay: Float64Array }
const steps = new MergeSteps(openForReading(dataFolder), dataFolder, underWay)

serveCalls({
  sweep: () => steps.sweep(),
  next: (question: MergeQuestion) => {
    const step = steps.next(question)
    if (step.merged?.firstSeq === 1) {
      underWay.set([1, step.merged.count])
      process.exit(1)
    }
    return step
  },
  remove: (files: readonly string[]) => steps.remove(files),
})
