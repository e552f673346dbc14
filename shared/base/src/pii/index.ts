export { piiKinds } from './finding.ts'
export type { Finding, PiiKind } from './finding.ts'
export * from './mask.ts'
export * from './mask-deep.ts'
