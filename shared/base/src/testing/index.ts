export * from './fuzz-run.ts'
export * from './mutator.ts'
