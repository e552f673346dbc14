import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root, stampsFolder } from './places.mjs'
import { runStep } from './progress.mjs'

const shared = [
  'shared/ui',
  'shared/contract',
  'shared/domain',
  'shared/rules/src',
  'shared/rules/wasm',
  'pnpm-lock.yaml',
]
const pages = [
  { name: 'board', folder: 'edge/web' },
  { name: 'console', folder: 'cloud/console' },
]

const leftOut = new Set(['node_modules', 'dist', 'crate'])

/** Builds the user interfaces whose sources changed since their last build. */
export async function buildPages(node) {
  for (const { name, folder } of pages) {
    const digest = digestOf([folder, ...shared])
    const stamp = join(stampsFolder, `pages-${name}`)
    const built = existsSync(join(root, folder, 'dist', 'index.html'))
    if (built && existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) continue
    const vite = join(root, folder, 'node_modules', 'vite', 'bin', 'vite.js')
    await runStep(`pages of the ${name}`, node, [vite, 'build'], { cwd: join(root, folder) })
    mkdirSync(stampsFolder, { recursive: true })
    writeFileSync(stamp, digest)
  }
}

function digestOf(places) {
  const hash = createHash('sha256')
  for (const place of places)
    for (const file of filesBelow(place)) hash.update(file).update(readFileSync(join(root, file)))
  return hash.digest('hex')
}

function filesBelow(place) {
  const path = join(root, place)
  if (!existsSync(path)) return []
  if (statSync(path).isFile()) return [place]
  return readdirSync(path)
    .sort()
    .filter((name) => !leftOut.has(name))
    .flatMap((name) => filesBelow(`${place}/${name}`))
}
