/** How one member of a page's state stands in the query of its URL. `read` gets null when it is not there, and what people typed when it is. */
export interface UrlField<Value> {
  readonly read: (text: string | null) => Value
  /** Null leaves it out: the URL of a page as it opens has no query. */
  readonly write: (value: Value) => string | null
}

export const urlText = (initial = ''): UrlField<string> => ({
  read: (text) => text ?? initial,
  write: (value) => (value === initial ? null : value),
})

export function urlChoice<const Choice extends string>(
  choices: readonly Choice[],
  initial: NoInfer<Choice>,
): UrlField<Choice> {
  return {
    read: (text) => choices.find((choice) => choice === text) ?? initial,
    write: (value) => (value === initial ? null : value),
  }
}

export const urlFlag = (initial = false): UrlField<boolean> => ({
  read: (text) => (text === null ? initial : text === '1'),
  write: (value) => (value === initial ? null : value ? '1' : '0'),
})

export type UrlFields<State> = { readonly [Name in keyof State]: UrlField<State[Name]> }

export function readUrlState<State extends object>(fields: UrlFields<State>, search: string): State {
  const parameters = new URLSearchParams(search)
  const state: Partial<State> = {}
  for (const name of Object.keys(fields) as (keyof State & string)[])
    state[name] = fields[name].read(parameters.get(name))
  return state as State
}

/** The query after `change`; parameters that are not in `fields` stay. '' or `?a=b`. */
export function writeUrlState<State extends object>(
  fields: UrlFields<State>,
  search: string,
  change: Partial<NoInfer<State>>,
): string {
  const parameters = new URLSearchParams(search)
  for (const name of Object.keys(change) as (keyof State & string)[]) {
    const value = change[name]
    const text = value === undefined ? null : fields[name].write(value)
    if (text === null) parameters.delete(name)
    else parameters.set(name, text)
  }
  const text = parameters.toString()
  return text === '' ? '' : `?${text}`
}
