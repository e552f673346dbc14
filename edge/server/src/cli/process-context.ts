import { isErrno } from '@jidoka/base'
import type { CommandContext } from './command.ts'

/** A command's surroundings where it is a process: its streams and its environment. */
export function processContext(signal: AbortSignal): CommandContext {
  // `jidoka export ... | head` closes the pipe early, which is no failure.
  process.stdout.on('error', (error) => {
    if (!isErrno(error, 'EPIPE')) throw error
    process.exit(0)
  })
  return {
    out: (text) => process.stdout.write(`${text}\n`),
    drained: () =>
      process.stdout.writableNeedDrain
        ? new Promise((resolve) => process.stdout.once('drain', resolve))
        : Promise.resolve(),
    err: (text) => process.stderr.write(`${text}\n`),
    environment: process.env,
    signal,
  }
}
