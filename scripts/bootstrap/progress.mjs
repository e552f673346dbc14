import { spawn } from 'node:child_process'
import { root } from './places.mjs'

/** A step that failed, with all that it printed: the sentence for the reader is found in that text. */
export class StepError extends Error {
  constructor(step, output) {
    super(`${step} failed`)
    this.step = step
    this.output = output
  }
}

/**
 * Runs a tool for a step that may take long. On a terminal a line counts the seconds; elsewhere (logs) it is one line at
 * the start and one at the end. Its output is kept and shown only when it fails.
 */
export async function runStep(step, command, argv, options = {}) {
  const startedMs = Date.now()
  const seconds = () => `${((Date.now() - startedMs) / 1000).toFixed(0)} s`
  const live = process.stdout.isTTY
  let last = ''
  const paint = () => {
    const width = (process.stdout.columns ?? 80) - 1
    process.stdout.write(`\r\x1b[K${`  … ${step}  ${seconds()}  ${last}`.slice(0, width)}`)
  }
  if (!live) process.stdout.write(`  … ${step}\n`)
  const ticking = live ? setInterval(paint, 250) : undefined
  let output = ''
  try {
    await new Promise((resolve, reject) => {
      const child = spawn(command, argv, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], ...options })
      const keep = (chunk) => {
        // The end says why a tool failed; 64 KiB of it bounds what a chatty one can make us hold.
        output = (output + chunk).slice(-65_536)
        const lines = output.trimEnd().split('\n')
        last = (lines[lines.length - 1] ?? '').trim()
      }
      child.stdout.on('data', keep)
      child.stderr.on('data', keep)
      child.on('error', (error) => reject(new StepError(step, `${error.code ?? ''} ${error.message}`)))
      child.on('close', (code) => (code === 0 ? resolve() : reject(new StepError(step, output))))
    })
  } finally {
    clearInterval(ticking)
    if (live) process.stdout.write('\r\x1b[K')
  }
  process.stdout.write(`  ✓ ${step} (${seconds()})\n`)
  return output
}
