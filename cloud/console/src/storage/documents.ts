import { documentBytesMax, documentNameSchema, documentTypes } from '@jidoka/contract'

type DocumentType = keyof typeof documentTypes

/** For the browser's file box. */
export const accepted = Object.values(documentTypes)
  .flat()
  .map((ending) => `.${ending}`)
  .join(',')

/** By its ending: what a browser says of the type differs from one machine to the next. */
export function typeOfName(name: string): DocumentType | null {
  const ending = name.slice(name.lastIndexOf('.') + 1).toLowerCase()
  const found = Object.entries(documentTypes).find(([, endings]) => (endings as readonly string[]).includes(ending))
  return found === undefined || !name.includes('.') ? null : (found[0] as DocumentType)
}

export type WrongFile = 'type' | 'large' | 'empty' | 'name'

/** Why the cloud would not take it; null: it would. */
export function whyNot({ name, size }: Pick<File, 'name' | 'size'>): WrongFile | null {
  if (typeOfName(name) === null) return 'type'
  if (size > documentBytesMax) return 'large'
  if (size === 0) return 'empty'
  return documentNameSchema.safeParse(name).success ? null : 'name'
}
