export type {
  CompileErrorKind,
  CompileProblem,
  CompileWarningKind,
  RuleCompileError,
  RuleCompileWarning,
} from './compile-problem.ts'
export { CompiledRule, type CompileOutcome } from './compiled-rule.ts'
export {
  atPlace,
  failedExample,
  judgeValues,
  rowOf,
  runExamples,
  type ExampleInput,
  type ExampleJudge,
  type ExampleOutcome,
  type ExampleRule,
  type RowValues,
} from './examples.ts'
export { ruleLimits, type RuleLimits } from './limits.ts'
export { RowBatch, RowRefusedError, RowShape, rowWidthMax } from './row-batch.ts'
export { RuleEngine, type RuleEngineOptions, type RuleModuleSource } from './rule-engine.ts'
export { ruleEngineVersion, ruleHash } from './rule-hash.ts'
export { ruleIdentity, type WholeRule } from './rule-identity.ts'
export type { OutcomeSink, RowOutcome, RuleRunError, RunErrorKind, Verdict } from './rule-outcome.ts'
export { RuleSet } from './rule-set.ts'
export { fieldsMax, type FieldKind, type RuleField, type RuleParameters, type RuleSource } from './rule-source.ts'
