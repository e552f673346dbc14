export { openReader } from '../store/journal-reader.ts'
export { JournalOpenError, StoreProblemError } from '../store/errors.ts'
export { openPipeline } from './open-pipeline.ts'
export type { OpenPipeline, PipelineOptions } from './open-pipeline.ts'
