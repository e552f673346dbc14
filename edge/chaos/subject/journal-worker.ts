import './small-limits.ts'

await import('../../server/src/pipeline/journal-worker.ts')
