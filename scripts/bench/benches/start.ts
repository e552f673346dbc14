import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Bench } from '../harness.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const readySign = 'Three things to try'

/** Starts the plant as a person does and stops it by Ctrl-C; answers the seconds until it said that it runs. */
function startOnce(data: string): Promise<number> {
  const fromMs = performance.now()
  const child = spawn('npm', ['start', '--', '--data', data], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  })
  let tookS: number | null = null
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
    if (tookS !== null || !output.includes(readySign)) return
    tookS = (performance.now() - fromMs) / 1000
    if (child.pid) process.kill(-child.pid, 'SIGINT')
  })
  return new Promise((resolve, reject) => {
    child.once('exit', () =>
      tookS === null ? reject(new Error(`npm start did not come up:\n${output}`)) : resolve(tookS),
    )
  })
}

export const bench: Bench = {
  async prepare() {
    const data = mkdtempSync(join(tmpdir(), 'jidoka-bench-start-'))
    await startOnce(data)
    return {
      rows: [{ name: 'second npm start until ready, s', unit: 's', subject: () => startOnce(data) }],
      close: async () => rmSync(data, { recursive: true }),
    }
  },
}
