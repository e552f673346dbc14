/** A copy of an object without some of its members. */
export function without<Whole extends object, Key extends keyof Whole>(
  object: Whole,
  ...keys: Key[]
): Omit<Whole, Key> {
  const copy: Partial<Whole> = { ...object }
  for (const key of keys) delete copy[key]
  return copy as Omit<Whole, Key>
}
