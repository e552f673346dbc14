#!/usr/bin/env node
import { processContext } from './process-context.ts'
import { runCli } from './run.ts'

const interrupted = new AbortController()
process.once('SIGINT', () => interrupted.abort())
process.once('SIGTERM', () => interrupted.abort())

process.exitCode = await runCli(process.argv.slice(2), processContext(interrupted.signal))
