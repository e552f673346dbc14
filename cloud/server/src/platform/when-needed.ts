import { createRequire } from 'node:module'

/**
 * For a package of many files that few installations need: loaded by who first uses it, as reading it would be a part of every start. Its types are imported as ever.
 */
export const loadWhenNeeded: (name: string) => unknown = createRequire(import.meta.url)
