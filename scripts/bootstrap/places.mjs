import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
/** Tools that the start script brings: a Node, a pnpm. Removed with the checkout, never shared. */
export const toolsFolder = join(root, '.jidoka', 'tools')
export const stampsFolder = join(root, '.jidoka', 'stamps')
