export * from './fuzz-run.ts'
export * from './metric-names.ts'
export * from './mutator.ts'
export * from './otlp-collector.ts'
