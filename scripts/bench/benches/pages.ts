import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import type { Bench } from '../harness.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))

/** What a browser loads before it shows the first page: the files that index.html names, and what those import at once. */
function firstLoadKb(dist: string): number {
  const html = readFileSync(join(dist, 'index.html'), 'utf8')
  const named = new Set([...html.matchAll(/(?:src|href)="\/?([^"]+\.(?:js|css))"/g)].map((match) => match[1] ?? ''))
  const files = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((file) => named.has(file))
  if (files.length === 0) throw new Error(`index.html in ${dist} names no script`)
  return files.reduce((sum, file) => sum + gzipSync(readFileSync(join(dist, file))).byteLength, 0) / 1000
}

export const bench: Bench = {
  prepare: async () => ({
    rows: [
      {
        name: 'board, JavaScript and CSS, kB gzip',
        unit: 'kB',
        subject: async () => firstLoadKb(join(root, 'edge/web/dist')),
      },
      {
        name: 'console, JavaScript and CSS, kB gzip',
        unit: 'kB',
        subject: async () => firstLoadKb(join(root, 'cloud/console/dist')),
      },
    ],
    close: async () => {},
  }),
}
