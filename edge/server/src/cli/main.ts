#!/usr/bin/env node
import { isErrno } from '@jidoka/base'
import { runCli } from './run.ts'

const interrupted = new AbortController()
process.once('SIGINT', () => interrupted.abort())
process.once('SIGTERM', () => interrupted.abort())
// `jidoka export ... | head` closes the pipe early, which is no failure.
process.stdout.on('error', (error) => {
  if (!isErrno(error, 'EPIPE')) throw error
  process.exit(0)
})

process.exitCode = await runCli(process.argv.slice(2), {
  out: (text) => process.stdout.write(`${text}\n`),
  drained: () =>
    process.stdout.writableNeedDrain
      ? new Promise((resolve) => process.stdout.once('drain', resolve))
      : Promise.resolve(),
  err: (text) => process.stderr.write(`${text}\n`),
  environment: process.env,
  signal: interrupted.signal,
})
