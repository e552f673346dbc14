/** One place at which two versions of a rule differ. Null: it is not there. */
export interface Difference {
  readonly at: string
  readonly before: string | null
  readonly after: string | null
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

const text = (value: unknown): string | null =>
  value === undefined ? null : typeof value === 'string' ? value : JSON.stringify(value)

/** Where two JSON values differ, leaf by leaf, by path (`parameters.high.value`). The version says nothing and is left out. */
export function differences(before: unknown, after: unknown, at = ''): Difference[] {
  if (at === 'version' || before === after) return []
  if (!isRecord(before) || !isRecord(after)) return [{ at, before: text(before), after: text(after) }]
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  return names.flatMap((name) => differences(before[name], after[name], at === '' ? name : `${at}.${name}`))
}

export interface Disagreement {
  readonly at: string
  readonly base: string | null
  readonly theirs: string | null
  readonly mine: string | null
}

/** What two people made of the same version, place by place. */
export function disagreements(base: unknown, theirs: unknown, mine: unknown): Disagreement[] {
  const ofTheirs = new Map(differences(base, theirs).map((difference) => [difference.at, difference]))
  const ofMine = new Map(differences(base, mine).map((difference) => [difference.at, difference]))
  return [...new Set([...ofTheirs.keys(), ...ofMine.keys()])].map((at) => {
    const [other, own] = [ofTheirs.get(at), ofMine.get(at)]
    const before = other?.before ?? own?.before ?? null
    return {
      at,
      base: before,
      theirs: other === undefined ? before : other.after,
      mine: own === undefined ? before : own.after,
    }
  })
}
