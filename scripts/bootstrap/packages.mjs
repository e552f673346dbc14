import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { npmInstall } from './node-runtime.mjs'
import { root, stampsFolder, toolsFolder } from './places.mjs'
import { runStep } from './progress.mjs'

/** The pnpm that the lockfile was made with. */
const pnpmVersion = '12.21.0'

/** Installs what the lockfile says, once a lockfile: a start whose packages are in place touches no network. */
export async function ensurePackages(node) {
  const stamp = join(stampsFolder, 'packages')
  const digest = manifestDigest()
  if (existsSync(join(root, 'node_modules')) && existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return
  const folder = join(toolsFolder, `pnpm-${pnpmVersion}`)
  const pnpm = join(folder, 'node_modules', 'pnpm', 'bin', 'pnpm.mjs')
  if (!existsSync(pnpm)) await npmInstall(`pnpm ${pnpmVersion}`, folder, `pnpm@${pnpmVersion}`)
  await runStep(
    'packages of the frozen lockfile',
    node,
    [pnpm, 'install', '--frozen-lockfile', '--reporter=append-only'],
    {
      env: { ...process.env, CI: 'true', PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}` },
    },
  )
  mkdirSync(stampsFolder, { recursive: true })
  writeFileSync(stamp, digest)
}

/** What decides the installed packages: the lockfile, the workspace, every package.json of it. */
function manifestDigest() {
  const hash = createHash('sha256')
  const manifests = ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json', 'scripts/package.json']
  for (const area of ['shared', 'sync', 'edge', 'cloud']) {
    for (const entry of readdirSync(join(root, area)).sort()) manifests.push(join(area, entry, 'package.json'))
  }
  for (const file of manifests)
    if (existsSync(join(root, file))) hash.update(file).update(readFileSync(join(root, file)))
  return hash.digest('hex')
}
