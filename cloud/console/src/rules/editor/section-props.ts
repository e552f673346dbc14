import type { RuleForm } from '../form.ts'

/** Each section shows its part of the form and changes it as a whole. */
export interface SectionProps {
  readonly form: RuleForm
  readonly onChange: (change: Partial<RuleForm>) => void
}

/** The rows with one of them changed. */
export function withRow<Row extends { readonly row: number }>(
  rows: readonly Row[],
  row: number,
  change: Partial<Row>,
): Row[] {
  return rows.map((other) => (other.row === row ? { ...other, ...change } : other))
}

export function withoutRow<Row extends { readonly row: number }>(rows: readonly Row[], row: number): Row[] {
  return rows.filter((other) => other.row !== row)
}
