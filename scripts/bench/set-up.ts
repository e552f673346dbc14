import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { mosquittoFile } from '../../edge/server/bench/processes.ts'
import { nodeRedFile, peersFolder } from '../../edge/server/bench/peers.ts'

/** Bytes of a peer do not travel with the product. The version is fixed, so that figures of two days can be compared. */
const nodeRedVersion = '5.0.7'

/** Installs the peers that a benchmark compares with: Debian's mosquitto, npm's node-red. What is there already stays. */
export function setUpPeers(): void {
  if (mosquittoFile === null) run('apt-get', ['install', '-y', '--no-install-recommends', 'mosquitto'])
  if (nodeRedFile === null) {
    mkdirSync(peersFolder, { recursive: true })
    writeFileSync(`${peersFolder}/package.json`, '{ "private": true }\n')
    run('npm', [
      'install',
      '--prefix',
      peersFolder,
      '--no-audit',
      '--no-fund',
      '--ignore-scripts',
      `node-red@${nodeRedVersion}`,
    ])
  }
}

function run(program: string, parameters: readonly string[]): void {
  console.log(`${program} ${parameters.join(' ')}`)
  const { status, error } = spawnSync(program, parameters, { stdio: 'inherit' })
  if (status !== 0)
    console.error(
      `${program} failed${error === undefined ? ` with ${status}` : `: ${error.message}`}. The rows of this peer are skipped; install it by hand or with the rights that it needs.`,
    )
}
