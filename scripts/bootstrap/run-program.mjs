import { spawn } from 'node:child_process'
import { delimiter, dirname } from 'node:path'
import { root } from './places.mjs'

/**
 * Runs a program in this terminal and resolves with its exit code. The terminal sends Ctrl-C to both; this one waits, so
 * that the program can stop in order.
 */
export function runProgram(node, argv, environmentOfProgram = {}) {
  const environment = {
    ...environmentOfProgram,
    ...process.env,
    // What the program calls in turn (pnpm's binaries, vite) finds the same Node.
    PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}`,
  }
  const child = spawn(node, argv, { cwd: root, stdio: 'inherit', env: environment })
  const pass = (signal) => child.kill(signal)
  const wait = () => {}
  process.on('SIGINT', wait)
  process.on('SIGTERM', pass)
  process.on('SIGHUP', pass)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)))
  })
}
