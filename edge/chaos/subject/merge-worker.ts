import './small-limits.ts'

await import('../../server/src/merging/merge-worker.ts')
